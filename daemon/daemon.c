/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon.h"

#include <errno.h>
#include <signal.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "api.h"
#include "config.h"
#include "daemon_kernel.h"
#include "daemon_poll.h"
#include "datapath.h"
#include "descriptors.h"
#include "guard.h"
#include "keep.h"
#include "lock.h"
#include "log.h"
#include "manager.h"
#include "monitor.h"
#include "rtnl.h"
#include "save.h"

#define PROVIDERS_WAIT_US (5 * UINT64_C(1000000)) /* for those of before a restart */

struct daemon {
	const struct options *options; /* borrowed */
	struct keep keep;
	struct guard guard;
	sd_event *loop;
	struct daemon_poll poll;
	sd_event_source *detach; /* runs while there is nothing else to do */
	sd_event_source *clock_timer;
	uint64_t clock_us; /* when it rings, UINT64_MAX: it is off */
	struct rtnl *rtnl;
	struct datapath *datapath;
	struct manager *manager;
	struct monitor *monitor;
	struct api *api;
};

/* --- from the monitor and the manager --- */

static void on_link(void *context, const struct link *l)
{
	struct daemon *d = context;

	manager_on_link(d->manager, l);
}

static void on_gone(void *context, uint32_t ifindex)
{
	struct daemon *d = context;

	manager_on_gone(d->manager, ifindex);
}

static void on_dump_begin(void *context)
{
	struct daemon *d = context;

	manager_on_dump_begin(d->manager);
}

static void on_dump_end(void *context)
{
	struct daemon *d = context;

	manager_on_dump_end(d->manager);
}

static void on_overrun(void *context)
{
	struct daemon *d = context;

	manager_on_overrun(d->manager);
	api_groups_changed(d->api);
}

static void on_groups(void *context)
{
	struct daemon *d = context;

	api_groups_changed(d->api);
}

static void on_unhooked(void *context, uint32_t ifindex)
{
	struct daemon *d = context;

	manager_on_unhooked(d->manager, ifindex);
}

static void on_address(void *context, const struct address *a, bool there)
{
	struct daemon *d = context;

	manager_on_address(d->manager, a, there);
}

static void on_batch_begin(void *context)
{
	struct daemon *d = context;

	manager_on_batch_begin(d->manager);
}

static void on_batch_end(void *context)
{
	struct daemon *d = context;

	manager_on_batch_end(d->manager);
}

static const struct monitor_callbacks monitor_callbacks = {
	.on_link = on_link,
	.on_gone = on_gone,
	.on_dump_begin = on_dump_begin,
	.on_dump_end = on_dump_end,
	.on_overrun = on_overrun,
	.on_groups = on_groups,
	.on_unhooked = on_unhooked,
	.on_address = on_address,
	.on_batch_begin = on_batch_begin,
	.on_batch_end = on_batch_end,
};

static void on_event(void *context, const struct manager_event *event)
{
	struct daemon *d = context;

	if (d->api)
		api_publish(d->api, event);
}

static void on_removing(void *context, const struct resource *r)
{
	struct daemon *d = context;

	if (d->api)
		api_provider_removing(d->api, r);
}

static int on_save(void *context, const struct manager *m, struct error *e)
{
	struct daemon *d = context;

	return keep_save(&d->keep, m, e);
}

/* --- configuration --- */

/* Where it stands, as compilers say it; some complaints are about a file as a whole. */
static const char *place(char *buffer, size_t size, const char *file, unsigned int line)
{
	if (line)
		snprintf(buffer, size, "%s:%u", file, line);
	else
		snprintf(buffer, size, "%s", file);
	return buffer;
}

static void complain_to_log(void *context, const char *file, unsigned int line, const char *message)
{
	struct error *first = context;
	char where[4096 + 16];

	place(where, sizeof(where), file, line);
	log_err("%s: %s", where, message);
	if (first->kind == ERROR_NONE)
		error_set(first, ERROR_INVALID, EINVAL, NULL, NULL, "%s: %s", where, message);
}

static void complain_to_stderr(void *context, const char *file, unsigned int line,
			       const char *message)
{
	char where[4096 + 16];

	fprintf(stderr, "%s: %s\n", place(where, sizeof(where), file, line), message);
}

int daemon_check(const struct options *o)
{
	UTIL_CLEANUP(desired_clear) struct desired config = { 0 };
	UTIL_CLEANUP(config_refused_clear) struct config_refused refused = { 0 };
	int n = config_load(o->config, &config, &refused, complain_to_stderr, NULL);

	if (n < 0)
		fprintf(stderr, "vnetd: reading the configuration failed: %s\n", strerror(-n));
	return n;
}

/*
 * At a start the good files count and what comes from a bad one is left as it runs; a reload with a
 * bad file changes nothing at all, for whoever asked for it is there to read why.
 */
static int load_config(struct daemon *d, bool starting, struct error *e)
{
	UTIL_CLEANUP(desired_clear) struct desired config = { 0 };
	UTIL_CLEANUP(config_refused_clear) struct config_refused refused = { 0 };
	struct error first = { 0 };
	int n = config_load(d->options->config, &config, &refused, complain_to_log, &first);

	if (n < 0)
		return error_set(e, ERROR_FAILED, -n, NULL, NULL,
				 "reading the configuration failed: %s", strerror(-n));
	if (n && !starting) {
		*e = first;
		return -EINVAL;
	}
	return manager_configure(d->manager, &config, &refused, e);
}

static int reload(void *context, struct error *e)
{
	struct daemon *d = context;
	int err;

	sd_notify(0, "RELOADING=1");
	err = load_config(d, false, e);
	sd_notify(0, "READY=1");
	if (!err)
		log_info("configuration reloaded");
	return err;
}

static int save_config(void *context, struct json_object *files, struct error *e)
{
	struct daemon *d = context;

	return save_vnets(d->manager, d->options->config, files, e);
}

static void features(void *context, struct datapath_features *ret)
{
	struct daemon *d = context;

	datapath_probe(d->datapath, ret);
}

/* --- the manager's clocks --- */

static int on_clock(sd_event_source *source, uint64_t usec, void *context)
{
	struct daemon *d = context;

	d->clock_us = UINT64_MAX;
	manager_on_time(d->manager, daemon_kernel_ops.now_us(d->rtnl));
	return 0;
}

static int set_clock(struct daemon *d)
{
	uint64_t due_us = manager_due_us(d->manager);

	if (due_us == d->clock_us)
		return 0;
	d->clock_us = due_us;
	if (due_us == UINT64_MAX)
		return sd_event_source_set_enabled(d->clock_timer, SD_EVENT_OFF);
	sd_event_source_set_time(d->clock_timer, due_us);
	return sd_event_source_set_enabled(d->clock_timer, SD_EVENT_ONESHOT);
}

/* --- programs that leave their devices --- */

static int on_detach(sd_event_source *source, void *context)
{
	struct daemon *d = context;

	datapath_detach_one(d->datapath);
	return 0;
}

static int set_detach(struct daemon *d)
{
	return sd_event_source_set_enabled(
		d->detach, datapath_leaving_count(d->datapath) ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static int add_detach(struct daemon *d)
{
	int err = sd_event_add_defer(d->loop, &d->detach, on_detach, d);

	if (err >= 0)
		err = sd_event_source_set_priority(d->detach, SD_EVENT_PRIORITY_IDLE);
	if (err >= 0)
		err = sd_event_source_set_enabled(d->detach, SD_EVENT_OFF);
	return err;
}

/* After whatever happened: is there a hybrid to be watched now, or none any more? */
static int on_post(sd_event_source *source, void *context)
{
	struct daemon *d = context;
	int err;

	manager_settle(d->manager);
	api_providers_settle(d->api);
	api_migrations_settle(d->api);
	api_openings_settle(d->api);
	guard_settle(&d->guard);
	err = set_detach(d);
	if (err >= 0)
		err = daemon_poll_settle(&d->poll);
	return err < 0 ? err : set_clock(d);
}

/* --- providers --- */

static int on_providers_late(sd_event_source *source, uint64_t usec, void *context)
{
	struct daemon *d = context;

	manager_providers_expire(d->manager);
	return 0;
}

/* The loop keeps the timer, which rings once. */
static void await_providers(struct daemon *d)
{
	int err;

	if (!manager_providers_missing(d->manager))
		return;
	err = sd_event_add_time_relative(d->loop, NULL, CLOCK_MONOTONIC, PROVIDERS_WAIT_US, 0,
					 on_providers_late, d);
	if (err >= 0)
		return;
	log_warning("providers cannot be waited for (%s); their resources are removed",
		    strerror(-err));
	manager_providers_expire(d->manager);
}

/* --- signals --- */

static int on_reload_signal(sd_event_source *source, const struct signalfd_siginfo *info,
			    void *context)
{
	struct error e = { 0 };

	if (reload(context, &e))
		log_err("reload refused, what runs goes on: %s", e.message);
	return 0;
}

static int add_signals(struct daemon *d)
{
	sigset_t set;
	int err;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	signal(SIGPIPE, SIG_IGN);
	err = sd_event_add_signal(d->loop, NULL, SIGTERM, NULL, NULL); /* NULL: ends the loop */
	if (err >= 0)
		err = sd_event_add_signal(d->loop, NULL, SIGINT, NULL, NULL);
	if (err >= 0)
		err = sd_event_add_signal(d->loop, NULL, SIGHUP, on_reload_signal, d);
	return err < 0 ? err : 0;
}

/* --- start and stop --- */

/* Two daemons over one state would undo each other's work. */
static int lock_state(struct daemon *d, struct error *e)
{
	const struct options *o = d->options;

	d->guard.lock = lock_take(o->state, o->instance, e);
	if (d->guard.lock < 0)
		return UTIL_TAKE_FD(d->guard.lock);
	snprintf(d->keep.path, sizeof(d->keep.path), "%s/%s.json", o->state, o->instance);
	return 0;
}

static int open_loop(struct daemon *d)
{
	int err = sd_event_new(&d->loop);

	if (err >= 0)
		err = add_signals(d);
	if (err >= 0)
		err = daemon_poll_open(&d->poll, d->loop);
	if (err >= 0)
		err = sd_event_add_time(d->loop, &d->clock_timer, CLOCK_MONOTONIC, 0, 1, on_clock,
					d);
	if (err >= 0)
		err = sd_event_source_set_enabled(d->clock_timer, SD_EVENT_OFF);
	if (err >= 0)
		err = add_detach(d);
	if (err >= 0)
		err = sd_event_add_post(d->loop, NULL, on_post, d);
	return err < 0 ? err : 0;
}

/* Nothing of the kernel is touched yet. */
static int open_manager(struct daemon *d, struct error *e)
{
	const struct datapath_options datapath_options = {
		.bpffs = d->options->bpffs,
		.instance = d->options->instance,
		.no_tcx = d->options->no_tcx,
		.no_device_state = d->options->no_carrier_check,
		.no_xdp = d->options->no_xdp,
	};
	const struct manager_callbacks callbacks = {
		.on_event = on_event,
		.on_save = on_save,
		.on_removing = on_removing,
	};
	struct kernel kernel = { .ops = &daemon_kernel_ops };
	int err = rtnl_new(&d->rtnl);

	if (err)
		return error_set(e, ERROR_FAILED, -err, NULL, NULL,
				 "the rtnetlink socket cannot be opened: %s", strerror(-err));
	rtnl_set_sysfs(d->rtnl, d->options->sysfs);
	err = datapath_new(&datapath_options, &d->datapath);
	if (!err) {
		d->keep.datapath = d->datapath;
		kernel.rtnl = d->rtnl;
		kernel.datapath = d->datapath;
		err = manager_new(&kernel, &callbacks, d, &d->manager);
	}
	if (!err) {
		d->guard.loop = d->loop;
		d->guard.datapath = d->datapath;
		d->guard.manager = d->manager;
		d->poll.manager = d->manager;
		manager_history_set(d->manager, d->options->history_interval_s,
				    d->options->history_samples);
		d->guard.keep = &d->keep;
	}
	if (err)
		return error_set(e, ERROR_FAILED, -err, NULL, NULL, "no memory");
	return 0;
}

static int open_kernel(struct daemon *d, struct error *e)
{
	struct datapath_features has;
	int err = guard_check(&d->guard, e);

	if (!err)
		err = datapath_open(d->datapath, e);
	if (err)
		return err;
	datapath_probe(d->datapath, &has);
	d->poll.looks = !has.carrier_check;
	err = monitor_new(d->loop, &monitor_callbacks, d, &d->monitor);
	if (err)
		return error_set(e, ERROR_FAILED, -err, NULL, NULL,
				 "reading the network devices failed: %s", strerror(-err));
	d->poll.monitor = d->monitor;
	return 0;
}

static void take_up(struct daemon *d)
{
	UTIL_CLEANUP(desired_clear) struct desired state = { 0 };
	struct error e = { 0 };
	int err;

	keep_load(&d->keep, &state);
	manager_restore(d->manager, &state, &e); /* it logs what fails */
	load_config(d, true, &e);
	keep_settle(&d->keep, d->manager);
	if (d->keep.lost)
		return;
	err = manager_sweep(d->manager);
	if (err)
		log_warning("removing what an earlier daemon left failed: %s; trying again at the "
			    "next start",
			    strerror(-err));
}

static int start(struct daemon *d, struct error *e)
{
	const struct api_host host = {
		.reload = reload,
		.save = save_config,
		.features = features,
		.instance = d->options->instance,
		.context = d,
	};
	int err = lock_state(d, e);

	if (err)
		return err;
	descriptors_raise_limit();
	err = open_loop(d);
	if (err)
		return error_set(e, ERROR_FAILED, -err, NULL, NULL,
				 "the event loop cannot be set up: %s", strerror(-err));
	err = open_manager(d, e);
	/* Who cannot listen has changed nothing; who asks already is answered when all is set up.
	 */
	if (!err)
		err = api_new(d->loop, d->options->socket, d->manager, &host, &d->api, e);
	if (!err)
		err = open_kernel(d, e);
	if (err)
		return err;
	take_up(d);
	guard_settle(&d->guard);
	await_providers(d);
	err = set_detach(d);
	if (err >= 0)
		err = set_clock(d);
	/* Not before: a start has a time limit of its own, and where programs are slow to load the
	 * watchdog would end each start. */
	if (err >= 0)
		err = sd_event_set_watchdog(d->loop, true);
	if (err < 0)
		return error_set(e, ERROR_FAILED, -err, NULL, NULL,
				 "the event loop cannot be set up: %s", strerror(-err));
	return 0;
}

int daemon_new(const struct options *o, struct daemon **ret, struct error *e)
{
	struct daemon *d = calloc(1, sizeof(*d));
	int err;

	if (!d)
		return error_set(e, ERROR_FAILED, ENOMEM, NULL, NULL, "no memory");
	d->options = o;
	d->guard.lock = -1;
	d->clock_us = UINT64_MAX;
	err = start(d, e);
	if (err) {
		daemon_free(d);
		return err;
	}
	*ret = d;
	return 0;
}

int daemon_run(struct daemon *d)
{
	struct error e = { 0 };
	int err;

	log_info("vnetd " VNET_VERSION " is ready: %zu vnets, %zu resources",
		 manager_vnet_count(d->manager), manager_resource_count(d->manager));
	sd_notify(0, "READY=1");
	err = sd_event_loop(d->loop);
	sd_notify(0, "STOPPING=1");
	if (manager_keep(d->manager, &e))
		log_err("%s", e.message);
	if (err < 0)
		log_err("the event loop failed: %s", strerror(-err));
	else
		log_info("stopped; the data path goes on forwarding");
	return err < 0 ? err : 0;
}

void daemon_free(struct daemon *d)
{
	api_free(d->api);
	monitor_free(d->monitor);
	manager_free(d->manager);
	datapath_free(d->datapath);
	rtnl_free(d->rtnl);
	guard_clear(&d->guard);
	sd_event_source_unref(d->detach);
	sd_event_source_unref(d->clock_timer);
	daemon_poll_close(&d->poll);
	sd_event_unref(d->loop);
	free(d);
}
