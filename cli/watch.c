// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "print.h"
#include "watch.h"

/* Each line goes out at once: the reader may be a script that waits for it. */
static enum ctl_status watch_print(struct ctl *ctl, const char *text)
{
	enum ctl_status status = CTL_DONE;
	struct json_object *json;

	if (ctl->json) {
		status = ctl_print_json(ctl, text);
	} else {
		json = json_tokener_parse(text);
		if (!json || print_event(ctl, json) < 0)
			status = ctl_no_memory(ctl);
		json_object_put(json);
	}
	/* Why it failed is told at the end of the run. */
	if (status == CTL_DONE && (fflush(ctl->out) == EOF || ferror(ctl->out)))
		return CTL_FAILED;
	return status;
}

/* Prints the events that are there. */
static enum ctl_status watch_drain(struct ctl *ctl)
{
	enum ctl_status status = CTL_DONE;
	char *text;
	int r;

	while (status == CTL_DONE) {
		r = vnet_monitor_next(ctl->client, 0, &text);
		if (r <= 0)
			return ctl_result(ctl, r);
		status = watch_print(ctl, text);
		vnet_free(text);
	}
	return status;
}

/* Until a signal, the end of the connection, or the end of whoever reads the output. */
static enum ctl_status watch_loop(struct ctl *ctl, int signals)
{
	enum { CONNECTION, SIGNALS, OUTPUT };
	struct pollfd polled[] = {
		[CONNECTION] = { .fd = vnet_client_fd(ctl->client), .events = POLLIN },
		[SIGNALS] = { .fd = signals, .events = POLLIN },
		[OUTPUT] = { .fd = fileno(ctl->out) }, /* errors alone */
	};
	enum ctl_status status;

	for (;;) {
		status = watch_drain(ctl);
		if (status != CTL_DONE)
			return status;
		if (poll(polled, sizeof(polled) / sizeof(polled[0]), -1) < 0) {
			if (errno == EINTR)
				continue;
			return ctl_fail(ctl, CTL_FAILED, "cannot wait for events: %s",
					strerror(errno));
		}
		if (polled[SIGNALS].revents)
			return CTL_DONE;
		if (polled[OUTPUT].revents & (POLLERR | POLLNVAL))
			return CTL_FAILED;
	}
}

enum ctl_status watch_run(struct ctl *ctl, const struct command *command)
{
	enum ctl_status status;
	sigset_t set;
	int signals;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals < 0)
		return ctl_fail(ctl, CTL_FAILED, "cannot wait for signals: %s", strerror(errno));
	status = ctl_result(ctl, vnet_monitor_start(ctl->client));
	if (status == CTL_DONE)
		status = watch_loop(ctl, signals);
	close(signals);
	return status;
}
