/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <ftw.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "daemon/interface.h"
#include "provide_world.h"

struct provide_world pw;

static char provide_root[] = "/tmp/vnet-provide-XXXXXX";

/* --- the world --- */

static int on_reload(void *context, struct error *e)
{
	return 0;
}

static int on_save(void *context, struct json_object *files, struct error *e)
{
	return 0;
}

static void on_features(void *context, struct datapath_features *ret)
{
	*ret = (struct datapath_features) { .tcx = true };
}

static void on_removing(void *context, const struct resource *r)
{
	if (pw.api)
		api_provider_removing(pw.api, r);
}

static void on_event(void *context, const struct manager_event *event)
{
	if (pw.api)
		api_publish(pw.api, event);
}

static int on_post(sd_event_source *source, void *context)
{
	manager_settle(pw.manager);
	if (pw.api)
		api_providers_settle(pw.api);
	return 0;
}

void provide_folder_make(void)
{
	ck_assert_ptr_nonnull(mkdtemp(provide_root));
	/* Other users connect in some tests. */
	ck_assert_int_eq(chmod(provide_root, 0755), 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

void provide_folder_remove(void)
{
	nftw(provide_root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void start(void)
{
	static const struct manager_callbacks callbacks = { .on_event = on_event,
							    .on_removing = on_removing };

	ck_assert_int_eq(manager_new(&pw.fake->kernel, &callbacks, NULL, &pw.manager), 0);
}

static void serve(void)
{
	const struct api_host host = {
		.reload = on_reload,
		.save = on_save,
		.features = on_features,
		.instance = "test",
		.groups_path = pw.groups,
	};
	struct error e = { 0 };

	ck_assert_msg(!api_new(pw.loop, pw.path, pw.manager, &host, &pw.api, &e), "%s", e.message);
	talk_open(&pw.admin, pw.loop, pw.path);
}

void provide_setup(void)
{
	idl_parse(&pw.idl, interface_description);
	ck_assert_int_ge(sd_event_new(&pw.loop), 0);
	ck_assert_int_ge(sd_event_add_post(pw.loop, NULL, on_post, NULL), 0);
	snprintf(pw.path, sizeof(pw.path), "%s/%d", provide_root, (int)getpid());
	snprintf(pw.groups, sizeof(pw.groups), "%s/%d.groups", provide_root, (int)getpid());
	provide_set_groups(0, "");
	pw.fake = fake_kernel_new();
	start();
	serve();
	admin_do("AddVnet", "{\"name\":\"vnet0\",\"settings\":{\"address\":\"" MAC1 "\"}}");
	fake_kernel_tell(pw.fake, pw.manager, "vnet0");
	fake_kernel_tell(pw.fake, pw.manager, "vnet0-p");
}

static void stop(void)
{
	api_free(pw.api);
	pw.api = NULL;
	talk_close(&pw.admin);
}

void provide_teardown(void)
{
	stop();
	manager_free(pw.manager);
	fake_kernel_free(pw.fake);
	sd_event_unref(pw.loop);
}

void provide_restart(void)
{
	UTIL_CLEANUP(desired_clear) struct desired state = { 0 };
	struct error e = { 0 };

	stop();
	ck_assert_int_eq(manager_snapshot(pw.manager, &state), 0);
	manager_free(pw.manager);
	start();
	for (size_t i = 0; i < pw.fake->link_count; i++)
		fake_kernel_tell(pw.fake, pw.manager, pw.fake->links[i].name);
	ck_assert_msg(!manager_restore(pw.manager, &state, &e), "%s", e.message);
	serve();
}

void provide_set_groups(uint32_t ifindex, const char *macs)
{
	FILE *file = fopen(pw.groups, "we");

	ck_assert_ptr_nonnull(file);
	fprintf(file, "1    lo              1     0     0180c200000e\n");
	while (*macs) {
		fprintf(file, "%-4u %-15s %-5d %-5d %.12s\n", ifindex, "vnet0", 1, 0, macs);
		macs += strcspn(macs, " ");
		macs += strspn(macs, " ");
	}
	fclose(file);
}

void provide_add_device(const char *name)
{
	fake_kernel_add(pw.fake, name);
	fake_kernel_tell(pw.fake, pw.manager, name);
}

struct vnet *provide_vnet0(void)
{
	return manager_find_vnet(pw.manager, "vnet0", NULL);
}

struct resource *provide_resource(const char *name)
{
	struct vnet *v = provide_vnet0();

	return v ? manager_find_resource(v, name, NULL) : NULL;
}

/* --- the administrator --- */

struct json_object *admin_done(const char *method, const char *parameters)
{
	char name[64];
	struct json_object *reply;

	snprintf(name, sizeof(name), CONTROL "%s", method);
	reply = talk_call(&pw.admin, name, parameters);
	ck_assert_msg(!talk_error(reply)[0], "%s", json_object_to_json_string(reply));
	idl_check(&pw.idl, method, true, json_object_object_get(reply, "parameters"));
	return reply;
}

void admin_do(const char *method, const char *parameters)
{
	json_object_put(admin_done(method, parameters));
}

char *admin_world(void)
{
	struct json_object *all = admin_done("ListVnets", NULL);
	char *text = strdup(json_object_to_json_string(all));

	json_object_put(all);
	return text;
}

/* --- a provider --- */

void provide_send(struct provided *p, const char *provision)
{
	char *text;

	ck_assert_int_ge(asprintf(&text,
				  "{\"method\":\"" CONTROL
				  "Provide\",\"more\":true,\"parameters\":{\"provision\":%s}}",
				  provision),
			 0);
	ck_assert(talk_request(&p->talk, text));
	free(text);
}

void provide_ask(struct provided *p, const char *provision)
{
	*p = (struct provided) { .fd_count = 0 };
	talk_open(&p->talk, pw.loop, pw.path);
	provide_send(p, provision);
}

static void take_fds(struct provided *p, struct msghdr *m)
{
	for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h; h = CMSG_NXTHDR(m, h)) {
		ck_assert_int_eq(h->cmsg_level, SOL_SOCKET);
		ck_assert_int_eq(h->cmsg_type, SCM_RIGHTS);
		p->fd_count = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		ck_assert_uint_le(p->fd_count, KERNEL_TAP_QUEUES_MAX);
		memcpy(p->fds, CMSG_DATA(h), p->fd_count * sizeof(int));
	}
}

/* The first byte alone: descriptors come with it. */
static bool first_byte(void *context)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(KERNEL_TAP_QUEUES_MAX * sizeof(int))];
	} control;
	struct provided *p = context;
	struct talk *c = &p->talk;
	char byte;
	struct iovec part = { &byte, 1 };
	struct msghdr m = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};

	if (c->in_bytes)
		return true;
	if (recvmsg(c->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != 1)
		return false;
	ck_assert_int_eq(m.msg_flags & MSG_CTRUNC, 0);
	take_fds(p, &m);
	c->in = realloc(c->in, c->in_size + 1);
	ck_assert_ptr_nonnull(c->in);
	c->in_size++;
	c->in[c->in_bytes++] = byte;
	return true;
}

struct json_object *provide_registered(struct provided *p)
{
	struct json_object *reply, *o;

	ck_assert_msg(talk_run_until(pw.loop, first_byte, p), "no reply");
	o = provide_next(p, "registered", &reply);
	snprintf(p->name, sizeof(p->name), "%s",
		 json_object_get_string(json_object_object_get(o, "name")));
	snprintf(p->device, sizeof(p->device), "%s",
		 json_object_get_string(json_object_object_get(o, "device")));
	snprintf(p->token, sizeof(p->token), "%s",
		 json_object_get_string(json_object_object_get(o, "token")));
	p->queues = json_object_get_int64(json_object_object_get(o, "queues"));
	p->mtu = json_object_get_int64(json_object_object_get(o, "mtu"));
	return reply;
}

void provide(struct provided *p, const char *provision)
{
	struct json_object *reply;

	provide_ask(p, provision);
	json_object_put(provide_registered(p));
	provide_next(p, "state", &reply);
	json_object_put(reply);
}

void provide_close(struct provided *p)
{
	for (unsigned int i = 0; i < p->fd_count; i++)
		close(p->fds[i]);
	p->fd_count = 0;
	talk_close(&p->talk);
}

struct json_object *provide_next(struct provided *p, const char *key, struct json_object **ret)
{
	struct json_object *reply = talk_receive(&p->talk), *parameters, *value = NULL;

	ck_assert_msg(!talk_error(reply)[0], "%s", json_object_to_json_string(reply));
	parameters = json_object_object_get(reply, "parameters");
	idl_check(&pw.idl, "Provide", true, parameters);
	ck_assert_msg(json_object_object_length(parameters) == 1 &&
			      json_object_object_get_ex(parameters, key, &value),
		      "not %s: %s", key, json_object_to_json_string(reply));
	ck_assert_int_eq(json_object_get_boolean(json_object_object_get(reply, "continues")),
			 strcmp(key, "removed") != 0);
	*ret = reply;
	return value;
}

static void print_groups(FILE *out, struct json_object *groups)
{
	if (!groups) {
		fputs(" any", out);
		return;
	}
	fputs(" [", out);
	for (size_t i = 0; i < json_object_array_length(groups); i++)
		fprintf(out, "%s%s", i ? " " : "",
			json_object_get_string(json_object_array_get_idx(groups, i)));
	fputs("]", out);
}

void provide_expect_state(struct provided *p, const char *expected)
{
	struct json_object *reply, *o = provide_next(p, "state", &reply);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	fprintf(out, "%s %s %s%s",
		json_object_get_boolean(json_object_object_get(o, "started")) ? "started"
									      : "stopped",
		json_object_get_string(json_object_object_get(o, "address")),
		json_object_get_string(json_object_object_get(o, "mtu")),
		json_object_get_boolean(json_object_object_get(o, "promiscuous")) ? " promisc"
										  : "");
	ck_assert(json_object_object_get_ex(o, "multicast", NULL));
	print_groups(out, json_object_object_get(o, "multicast"));
	fclose(out);
	ck_assert_str_eq(text, expected);
	free(text);
	json_object_put(reply);
}

void provide_expect_silence(struct provided *p)
{
	talk_settle(pw.loop);
	ck_assert_msg(!talk_has_message(&p->talk), "%s", p->talk.in);
	ck_assert(!p->talk.eof);
}

void provide_expect_removed(struct provided *p, const char *why)
{
	struct json_object *reply, *text = provide_next(p, "removed", &reply);

	ck_assert_str_eq(json_object_get_string(text), why);
	json_object_put(reply);
	/* The connection is good for more. */
	reply = talk_call(&p->talk, "org.varlink.service.GetInfo", NULL);
	ck_assert_str_eq(talk_text(reply, "product"), "vnetd");
	json_object_put(reply);
}

void provide_say(struct provided *p, const char *method, const char *parameters)
{
	char *text;

	ck_assert_int_ge(
		asprintf(&text, "{\"method\":\"" CONTROL "%s\",\"oneway\":true,\"parameters\":%s}",
			 method, parameters),
		0);
	ck_assert(talk_request(&p->talk, text));
	free(text);
	talk_settle(pw.loop);
}
