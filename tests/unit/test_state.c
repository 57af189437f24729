/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Faults 11, 12 and 14: of the state file. */
#include "../../daemon/state.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../../daemon/file.h"
#include "unit.h"

static char folder[64];
static char path[128];

static void setup(void)
{
	snprintf(folder, sizeof(folder), "/tmp/vnet-test-state.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/state.json", folder);
}

static void teardown(void)
{
	char temporary[sizeof(path) + 4];

	snprintf(temporary, sizeof(temporary), "%s.tmp", path);
	unlink(path);
	/* A failed write leaves nothing behind. */
	ck_assert_int_eq(access(temporary, F_OK), -1);
	ck_assert_int_eq(rmdir(folder), 0);
}

static void write_bytes(const char *data, size_t len)
{
	int fd;

	unlink(path); /* some file systems write a truncated file out at once */
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
	close(fd);
}

static char *read_bytes(size_t *ret_len)
{
	char *text;

	ck_assert_int_eq(file_read(path, 1 << 20, &text, ret_len), 0);
	return text;
}

static void set(const struct setting *table, void *settings, const char *key, const char *value)
{
	struct error e = { 0 };

	ck_assert_msg(settings_set(table, settings, "t", key, value, &e) == 0, "%s", e.message);
}

/* Every key of both tables with a value that is not its default. */
struct value {
	const char *key, *value;
};

static const struct value vnet_values[] = {
	{ "address", "02:00:00:00:00:01" },
	{ "mtu", "9000" },
	{ "upper", "tap0" },
	{ "netns", "/run/netns/a b" },
	{ "mode", "tc" },
	{ "guard", "off" },
	{ "pvid", "7" },
	{ "vlans", "10,20-29" },
	{ "promiscuous", "on" },
	{ "on_delete", "remove" },
	{ "hybrid_needs_service", "on" },
	{ "monitor_interval", "250" },
	{ "hold_down", "2500" },
	{ "tx_timeout", "300" },
	{ "announce_count", "5" },
	{ "announce_interval", "200" },
	{ "announce_addresses", "10.0.0.8,2001:db8::8" },
	{ "protection", "ip-nospoof,restricted" },
	{ "allowed_ips", "10.0.0.7,10.1.0.0/16,2001:db8::/64" },
	{ "storm_limit", "2000" },
	{ "owner", "ann" },
	{ "address_prefix", "02:00" },
	{ "share", "on" },
	{ "addresses", "10.0.0.9,2001:db8::9" },
	{ "learn", "off" },
	{ "maxbw", "1mbit" },
	{ "maxbw_in", "64kbit" },
	{ "maxbw_out", "1500kbit" },
};

static const struct value resource_values[] = {
	{ "type", "guest" },
	{ "device", "eth\"\\0" },
	{ "peer", "02:00:00:00:00:02" },
	{ "priority", "5" },
	{ "pvid", "12" },
	{ "vlans", "none" },
	{ "admin", "down" },
	{ "peer_vnet", "vnet1" },
	{ "pf", "enp1s0" },
	{ "vf", "0" },
	{ "vf_vlan", "100" },
	{ "uplink", "up0" },
	{ "storm_limit", "10000000" },
	{ "probe", "2001:db8::1" },
	{ "probe_interval", "200" },
	{ "probe_count", "5" },
	{ "maxbw", "1mbit" },
	{ "maxbw_in", "none" },
	{ "maxbw_out", "40gbit" },
};

static void set_all(const struct setting *table, void *settings, const struct value *values,
		    size_t count)
{
	size_t rows = 0;

	while (table[rows].key)
		rows++;
	ck_assert_uint_eq(rows, count); /* a new setting needs a value here */
	for (size_t i = 0; i < count; i++)
		set(table, settings, values[i].key, values[i].value);
}

static void set_all_vnet(struct vnet_settings *s)
{
	settings_vnet_default(s);
	set_all(settings_vnet, s, vnet_values, UTIL_ARRAY_SIZE(vnet_values));
}

static void set_all_resource(struct resource_settings *s)
{
	settings_resource_default(s);
	set_all(settings_resource, s, resource_values, UTIL_ARRAY_SIZE(resource_values));
}

static void make_everything_set(struct desired_vnet *v)
{
	struct desired_resource *r = desired_add_resource(v);

	util_copy(r->name, sizeof(r->name), "everything-set0");
	r->number = 65535;
	r->from_config = true;
	set_all_resource(&r->settings);
	settings_resource_default(&r->base);
	r->base.priority = 6;
	r->saved.ifindex = 4294967295;
	r->saved.before = (struct kernel_link_change) {
		.set = KERNEL_LINK_MTU | KERNEL_LINK_ADDRESS | KERNEL_LINK_UP |
		       KERNEL_LINK_ALLMULTI | KERNEL_LINK_DORMANT,
		.mtu = 1280,
		.address = { 2, 0, 0, 0xab, 0xcd, 0xef },
		.up = true,
		.allmulti = false,
		.dormant = true,
	};
	r->saved.filtered = true;
	memcpy(r->saved.filter, (uint8_t[]) { 2, 1, 2, 3, 4, 5 }, MAC_LEN);
	r->vf = (struct desired_vf) {
		.pf = 4294967294,
		.before = { .set = (1u << KERNEL_VF_FIELDS) - 1,
			    .address = { 2, 9, 8, 7, 6, 5 },
			    .vlan = 4095,
			    .protocol = 0x88a8,
			    .qos = 7,
			    .spoof_check = true,
			    .trust = true,
			    .link_state = 2 },
		.given = { 2, 0, 0, 0, 0, 9 },
		.entry = 4294967293,
		.entry_address = { 2, 0, 0, 0, 0, 8 },
	};
	r->offloads[DESIRED_DEVICE] = (struct desired_offloads) {
		.ifindex = 4294967295,
		.set = (1u << KERNEL_OFFLOAD_END) - 1,
		.on = KERNEL_OFFLOAD_BIT(LRO) | KERNEL_OFFLOAD_BIT(TX_CSUM),
	};
	r->offloads[DESIRED_PEER] = (struct desired_offloads) { .ifindex = 8, .set = 1, .on = 1 };
}

static void make_some_set(struct desired_vnet *v)
{
	struct desired_resource *r = desired_add_resource(v);

	util_copy(r->name, sizeof(r->name), "some");
	settings_resource_default(&r->settings);
	r->saved.ifindex = 7;
	r->saved.before.set = KERNEL_LINK_ALLMULTI;
	r->provider = (struct desired_provider) {
		.kind = DESIRED_PROVIDER_TAP,
		.uid = 4294967294,
		.token = "0123456789abcdef0123456789abcdef",
		.max_sdu = 65521,
		.report = DESIRED_REPORT_FAILED,
		.reason = "no \"ring\"",
	};
}

static void make_none_set(struct desired_vnet *v)
{
	struct desired_resource *r = desired_add_resource(v);

	util_copy(r->name, sizeof(r->name), "none");
	settings_resource_default(&r->settings);
	r->provider = (struct desired_provider) {
		.kind = DESIRED_PROVIDER_NETDEV,
		.token = "ffffffffffffffffffffffffffffffff",
	};
}

/* One vnet with everything set and three resources, and one with nothing set. */
static void make(struct desired *d)
{
	struct desired_vnet *v = desired_add_vnet(d);

	util_copy(v->name, sizeof(v->name), "vnet0");
	v->number = 4294967295;
	v->from_config = true;
	set_all_vnet(&v->settings);
	settings_vnet_default(&v->base);
	v->base.mtu = 1400;
	v->offloads[DESIRED_PEER] = (struct desired_offloads) {
		.ifindex = 9,
		.set = KERNEL_OFFLOAD_BIT(GRO),
	};

	make_everything_set(v);
	make_some_set(v);
	make_none_set(v);

	v = desired_add_vnet(d);
	util_copy(v->name, sizeof(v->name), "v1");
	settings_vnet_default(&v->settings);

	desired_names_add(&d->vnets[0].removed, "fifteen-letters");
	desired_names_add(&d->vnets[0].removed, "g1");
	desired_names_add(&d->removed, "v2");
}

static void assert_same_names(const struct desired_names *a, const struct desired_names *b)
{
	ck_assert_uint_eq(a->count, b->count);
	for (size_t i = 0; i < a->count; i++)
		ck_assert_str_eq(a->name[i], b->name[i]);
}

static void assert_same(const struct setting *table, const void *a, const void *b)
{
	char text_a[SETTINGS_TEXT_SIZE], text_b[SETTINGS_TEXT_SIZE];

	for (const struct setting *s = table; s->key; s++) {
		s->format(a, text_a);
		s->format(b, text_b);
		ck_assert_str_eq(text_a, text_b);
	}
}

static void assert_same_saved(const struct desired_saved *a, const struct desired_saved *b)
{
	ck_assert_uint_eq(a->ifindex, b->ifindex);
	ck_assert_uint_eq(a->before.set, b->before.set);
	ck_assert_uint_eq(a->before.mtu, b->before.mtu);
	ck_assert_mem_eq(a->before.address, b->before.address, MAC_LEN);
	ck_assert_int_eq(a->before.up, b->before.up);
	ck_assert_int_eq(a->before.allmulti, b->before.allmulti);
	ck_assert_int_eq(a->before.dormant, b->before.dormant);
	ck_assert_int_eq(a->filtered, b->filtered);
	ck_assert_mem_eq(a->filter, b->filter, MAC_LEN);
}

static void assert_same_vf(const struct desired_vf *a, const struct desired_vf *b)
{
	ck_assert_uint_eq(a->pf, b->pf);
	ck_assert_uint_eq(a->before.set, b->before.set);
	ck_assert_mem_eq(a->before.address, b->before.address, MAC_LEN);
	ck_assert_uint_eq(a->before.vlan, b->before.vlan);
	ck_assert_uint_eq(a->before.protocol, b->before.protocol);
	ck_assert_uint_eq(a->before.qos, b->before.qos);
	ck_assert_int_eq(a->before.spoof_check, b->before.spoof_check);
	ck_assert_int_eq(a->before.trust, b->before.trust);
	ck_assert_uint_eq(a->before.link_state, b->before.link_state);
	ck_assert_mem_eq(a->given, b->given, MAC_LEN);
	ck_assert_uint_eq(a->entry, b->entry);
	ck_assert_mem_eq(a->entry_address, b->entry_address, MAC_LEN);
}

static void assert_same_offloads(const struct desired_offloads *a, const struct desired_offloads *b)
{
	for (int end = 0; end < DESIRED_ENDS; end++) {
		ck_assert_uint_eq(a[end].ifindex, b[end].ifindex);
		ck_assert_uint_eq(a[end].set, b[end].set);
		ck_assert_uint_eq(a[end].on, b[end].on);
	}
}

static void assert_same_provider(const struct desired_provider *a, const struct desired_provider *b)
{
	ck_assert_int_eq(a->kind, b->kind);
	ck_assert_uint_eq(a->uid, b->uid);
	ck_assert_str_eq(a->token, b->token);
	ck_assert_uint_eq(a->max_sdu, b->max_sdu);
	ck_assert_int_eq(a->report, b->report);
	ck_assert_str_eq(a->reason, b->reason);
}

static void assert_same_resource(const struct desired_resource *a, const struct desired_resource *b)
{
	ck_assert_str_eq(a->name, b->name);
	ck_assert_uint_eq(a->number, b->number);
	ck_assert_int_eq(a->from_config, b->from_config);
	assert_same(settings_resource, &a->settings, &b->settings);
	if (a->from_config)
		assert_same(settings_resource, &a->base, &b->base);
	assert_same_saved(&a->saved, &b->saved);
	assert_same_vf(&a->vf, &b->vf);
	assert_same_offloads(a->offloads, b->offloads);
	assert_same_provider(&a->provider, &b->provider);
}

static void assert_same_desired(const struct desired *a, const struct desired *b)
{
	ck_assert_uint_eq(a->vnet_count, b->vnet_count);
	for (size_t i = 0; i < a->vnet_count; i++) {
		const struct desired_vnet *v = &a->vnets[i], *w = &b->vnets[i];

		ck_assert_str_eq(v->name, w->name);
		ck_assert_uint_eq(v->number, w->number);
		ck_assert_int_eq(v->from_config, w->from_config);
		assert_same(settings_vnet, &v->settings, &w->settings);
		if (v->from_config)
			assert_same(settings_vnet, &v->base, &w->base);
		assert_same_offloads(v->offloads, w->offloads);
		ck_assert_uint_eq(v->resource_count, w->resource_count);
		for (size_t j = 0; j < v->resource_count; j++)
			assert_same_resource(&v->resources[j], &w->resources[j]);
		assert_same_names(&v->removed, &w->removed);
	}
	assert_same_names(&a->removed, &b->removed);
}

static void assert_load(const struct desired *expected)
{
	UTIL_CLEANUP(desired_clear) struct desired d = { 0 };
	struct error e = { 0 };

	ck_assert_msg(state_load(path, &d, &e) == 0, "%s", e.message);
	assert_same_desired(expected, &d);
}

/* Refused as damaged, in words that name the file, and nothing is returned. */
static void assert_damaged(const char *what, size_t where)
{
	struct desired d = { .vnet_count = 3 };
	struct error e = { 0 };
	int r = state_load(path, &d, &e);

	ck_assert_msg(r == -EBADMSG, "%s at %zu: %d %s", what, where, r, e.message);
	ck_assert_msg(strstr(e.message, path) && strstr(e.message, " is damaged: "), "%s",
		      e.message);
	ck_assert_int_eq(e.number, EBADMSG);
	ck_assert_uint_eq(d.vnet_count, 0);
	ck_assert_ptr_null(d.vnets);
}

START_TEST(loads_what_was_saved)
{
	UTIL_CLEANUP(desired_clear) struct desired d = { 0 };
	struct error e = { 0 };
	struct stat st;
	char temporary[sizeof(path) + 4];

	make(&d);
	ck_assert_int_eq(state_save(path, &d, &e), 0);
	assert_load(&d);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);

	/* and once more over the old one, which another mode and a left temporary do not hinder */
	ck_assert_int_eq(chmod(path, 0644), 0);
	snprintf(temporary, sizeof(temporary), "%s.tmp", path);
	ck_assert_int_eq(symlink("/dev/null", temporary), 0);
	d.vnets[0].number = 5;
	ck_assert_int_eq(state_save(path, &d, &e), 0);
	assert_load(&d);
	ck_assert_int_eq(lstat(path, &st), 0);
	ck_assert(S_ISREG(st.st_mode));
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
}
END_TEST

START_TEST(loads_an_empty_state)
{
	struct desired d = { 0 };
	struct error e = { 0 };

	ck_assert_int_eq(state_save(path, &d, &e), 0);
	assert_load(&d);
}
END_TEST

START_TEST(no_file_is_enoent)
{
	struct desired d = { .vnet_count = 3 };
	struct error e = { 0 };

	ck_assert_int_eq(state_load(path, &d, &e), -ENOENT);
	ck_assert_int_eq(e.kind, ERROR_NOT_FOUND);
	ck_assert_uint_eq(d.vnet_count, 0);
	ck_assert_int_eq(state_load(path, &d, NULL), -ENOENT);
}
END_TEST

START_TEST(not_a_file)
{
	struct desired d = { 0 };
	struct error e = { 0 };

	ck_assert_int_eq(state_load(folder, &d, &e), -EISDIR);
	ck_assert_ptr_nonnull(strstr(e.message, folder));
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(state_load(path, &d, &e), -ENXIO); /* and did not wait for a writer */
	ck_assert_ptr_nonnull(strstr(e.message, path));
}
END_TEST

static void truncate_and_load(const char *text, size_t len)
{
	write_bytes(text, len);
	assert_damaged("truncation", len);
}

START_TEST(every_truncation_is_damage)
{
	UTIL_CLEANUP(desired_clear) struct desired d = { 0 };
	UTIL_FREE char *text = NULL;
	size_t len;

	make(&d);
	ck_assert_int_eq(state_save(path, &d, NULL), 0);
	text = read_bytes(&len);
	ck_assert_uint_gt(len, 500);
	for (size_t i = 0; i < len; i++)
		truncate_and_load(text, i);
	write_bytes(text, len);
	assert_load(&d);
}
END_TEST

/* Bits, letter case, digits, white space, NUL and all ones: no byte of the file goes unguarded. */
START_TEST(every_changed_byte_is_damage)
{
	static const unsigned char flips[] = { 0x01, 0x20, 0x80, 0xff };
	UTIL_CLEANUP(desired_clear) struct desired d = { 0 };
	UTIL_FREE char *text = NULL;
	size_t len;

	make(&d);
	ck_assert_int_eq(state_save(path, &d, NULL), 0);
	text = read_bytes(&len);
	for (size_t i = 0; i < len; i++) {
		char old = text[i];

		for (size_t f = 0; f < sizeof(flips); f++) {
			text[i] = (char)(old ^ flips[f]);
			write_bytes(text, len);
			assert_damaged("flip", i);
		}
		for (const char *c = " 0\""; *c; c++) {
			text[i] = *c;
			write_bytes(text, len);
			if (*c != old)
				assert_damaged("change", i);
		}
		text[i] = '\0';
		write_bytes(text, len);
		assert_damaged("NUL", i);
		text[i] = old;
	}
	write_bytes(text, len);
	assert_load(&d);
}
END_TEST

START_TEST(added_bytes_are_damage)
{
	UTIL_CLEANUP(desired_clear) struct desired d = { 0 };
	UTIL_FREE char *text = NULL;
	UTIL_FREE char *longer = NULL;
	size_t len;

	make(&d);
	ck_assert_int_eq(state_save(path, &d, NULL), 0);
	text = read_bytes(&len);
	longer = malloc(len + 1);
	ck_assert_ptr_nonnull(longer);
	for (size_t i = 0; i <= len; i++) {
		memcpy(longer, text, i);
		longer[i] = ' ';
		memcpy(longer + i + 1, text + i, len - i);
		write_bytes(longer, len + 1);
		assert_damaged("addition", i);
	}
}
END_TEST

/* The checksum as the comment of state.c tells it, so that files of other contents can be made. */
static void write_sealed(unsigned int version, const char *state)
{
	uint64_t sum = 0xcbf29ce484222325 ^ version;
	char text[2048];
	int len;

	for (const char *c = state; *c; c++)
		sum = (sum ^ (unsigned char)*c) * 0x100000001b3;
	len = snprintf(text, sizeof(text),
		       "{\"version\":%u,\"checksum\":\"%016llx\",\"state\":%s}\n", version,
		       (unsigned long long)sum, state);
	ck_assert_int_lt(len, (int)sizeof(text));
	write_bytes(text, (size_t)len);
}

START_TEST(newer_version_is_refused_with_words)
{
	struct desired d = { .vnet_count = 3 };
	struct error e = { 0 };

	write_sealed(1, "{\"vnets\":[]}");
	ck_assert_int_eq(state_load(path, &d, &e), 0);
	write_sealed(2, "{\"anything\":[1,2,3]}");
	ck_assert_int_eq(state_load(path, &d, &e), -EPROTONOSUPPORT);
	ck_assert_ptr_nonnull(strstr(e.message, path));
	ck_assert_ptr_nonnull(strstr(e.message, "version 2"));
	ck_assert_ptr_nonnull(strstr(e.message, "newer vnetd"));
	ck_assert_uint_eq(d.vnet_count, 0);
	write_sealed(0, "{\"vnets\":[]}");
	assert_damaged("version 0", 0);
}
END_TEST

#define VNET(rest) "{\"vnets\":[{\"name\":\"vnet0\",\"number\":1,\"from_config\":false," rest "}]}"
#define VF	   ",\"vf\":{\"pf\":1,\"given\":\"02:00:00:00:00:01\""
#define RESOURCE(rest)                                                                             \
	VNET("\"settings\":{},\"resources\":[{\"name\":\"g1\",\"number\":1,\"from_config\":false," \
	     "\"settings\":{}" rest "}]")

#define TOKEN "0123456789abcdef0123456789abcdef"

#define PROVIDER(kind, token, report)                                                              \
	RESOURCE(",\"provider\":{\"kind\":\"" kind "\",\"uid\":1000,\"token\":\"" token "\","      \
		 "\"max_sdu\":0,\"report\":\"" report "\",\"reason\":\"x\"}")

/* Right checksum, wrong contents: what a bug of another version could have written. */
static const struct {
	const char *state;
	const char *word; /* in the message */
} contents[] = {
	{ "", "damaged" },
	{ "{", "not whole" },
	{ "[]", "vnets" },
	{ "null", "damaged" },
	{ "{}", "vnets" },
	{ "{\"vnets\":{}}", "vnets" },
	{ "{\"vnets\":[]}{}", "damaged" },
	{ "{\"vnets\":[1]}", "name" },
	{ "{\"vnets\":[null]}", "name" },
	{ "{\"vnets\":[{}]}", "name" },
	{ "{\"vnets\":[{\"name\":1}]}", "name" },
	{ "{\"vnets\":[{\"name\":\"\"}]}", "empty" },
	{ "{\"vnets\":[{\"name\":\"a/b\"}]}", "name" },
	{ "{\"vnets\":[{\"name\":\"longer-than-a-name-can-be\"}]}", "longer-than-a-name" },
	{ "{\"vnets\":[{\"name\":\"vnet0\",\"number\":-1}]}", "number" },
	{ "{\"vnets\":[{\"name\":\"vnet0\",\"number\":4294967296}]}", "number" },
	{ "{\"vnets\":[{\"name\":\"vnet0\",\"number\":1.5}]}", "number" },
	{ "{\"vnets\":[{\"name\":\"vnet0\",\"number\":\"1\"}]}", "number" },
	{ "{\"vnets\":[{\"name\":\"vnet0\",\"number\":1,\"from_config\":1}]}", "from_config" },
	{ "{\"vnets\":[{\"name\":\"vnet0\",\"number\":1,\"from_config\":true,"
	  "\"settings\":{},\"resources\":[]}]}",
	  "base" },
	{ VNET("\"settings\":[]"), "settings" },
	{ VNET("\"settings\":{\"mtu\":1500}"), "mtu" },
	{ VNET("\"settings\":{\"mtu\":\"20\"}"), "mtu 20 is not a number" },
	{ VNET("\"settings\":{\"unheard\":\"20\"}"), "unheard" },
	{ VNET("\"settings\":{}"), "resources" },
	{ VNET("\"settings\":{},\"resources\":{}"), "resources" },
	{ VNET("\"settings\":{},\"resources\":[{}]"), "name" },
	{ RESOURCE(",\"saved\":1"), "saved" },
	{ RESOURCE(",\"vf\":1"), "vf" },
	{ RESOURCE(",\"vf\":{}"), "pf" },
	{ RESOURCE(",\"vf\":{\"pf\":1}"), "given" },
	{ RESOURCE(VF ",\"address\":1}"), "address" },
	{ RESOURCE(VF ",\"vlan\":65536}"), "vlan" },
	{ RESOURCE(VF ",\"vlan\":1}"), "protocol" },
	{ RESOURCE(VF ",\"vlan\":1,\"protocol\":1,\"qos\":256}"), "qos" },
	{ RESOURCE(VF ",\"spoof_check\":1}"), "spoof_check" },
	{ RESOURCE(VF ",\"trust\":1}"), "trust" },
	{ RESOURCE(VF ",\"link_state\":\"auto\"}"), "link_state" },
	{ RESOURCE(VF ",\"entry\":true}"), "entry" },
	{ RESOURCE(VF ",\"entry\":1}"), "entry_address" },
	{ RESOURCE(",\"saved\":{}"), "ifindex" },
	{ RESOURCE(",\"saved\":{\"ifindex\":1,\"mtu\":true}"), "mtu" },
	{ RESOURCE(",\"saved\":{\"ifindex\":1,\"address\":\"02:00\"}"), "address" },
	{ RESOURCE(",\"saved\":{\"ifindex\":1,\"up\":1}"), "up" },
	{ RESOURCE(",\"saved\":{\"ifindex\":1,\"filter\":null}"), "filter" },
	{ RESOURCE(",\"offloads\":[]"), "offloads" },
	{ RESOURCE(",\"offloads\":{\"peer\":1}"), "ifindex" },
	{ RESOURCE(",\"offloads\":{\"device\":{\"ifindex\":1,\"rx-lro\":1}}"), "rx-lro" },
	{ RESOURCE(",\"provider\":1"), "provider" },
	{ RESOURCE(",\"provider\":{}"), "kind" },
	{ RESOURCE(",\"provider\":{\"kind\":\"tap\"}"), "uid" },
	{ RESOURCE(",\"provider\":{\"kind\":\"tap\",\"uid\":1}"), "token" },
	{ PROVIDER("none", TOKEN, "up"), "kind is not netdev or tap" },
	{ PROVIDER("", TOKEN, "up"), "kind" },
	{ PROVIDER("longer-than-a-kind-can-be", TOKEN, "up"), "kind" },
	{ PROVIDER("tap", TOKEN "0", "up"), "token" },
	{ PROVIDER("tap", "0123", "up"), "token is not 32 hexadecimal digits" },
	{ PROVIDER("tap", "X123456789abcdef0123456789abcdef", "up"), "token" },
	{ PROVIDER("tap", TOKEN, "broken"), "report is not up, down or failed" },
	{ "{\"vnets\":[],\"removed\":{}}", "removed" },
	{ "{\"vnets\":[],\"removed\":[1]}", "removed" },
	{ "{\"vnets\":[],\"removed\":[\"a/b\"]}", "a/b" },
	{ VNET("\"settings\":{},\"resources\":[],\"removed\":\"g1\""), "removed" },
	{ VNET("\"settings\":{},\"resources\":[],\"removed\":[null]"), "removed" },
};

START_TEST(wrong_contents_are_damage)
{
	struct desired d = { 0 };
	struct error e = { 0 };

	/* what the wrong ones are variations of is right */
	write_sealed(1, RESOURCE(",\"saved\":{\"ifindex\":1,\"mtu\":68}"));
	ck_assert_msg(state_load(path, &d, &e) == 0, "%s", e.message);
	ck_assert_uint_eq(d.vnets[0].resources[0].saved.before.mtu, 68);
	ck_assert_int_eq(d.vnets[0].resources[0].provider.kind, DESIRED_PROVIDER_NONE);
	desired_clear(&d);
	write_sealed(1, PROVIDER("netdev", TOKEN, "failed"));
	ck_assert_msg(state_load(path, &d, &e) == 0, "%s", e.message);
	ck_assert_int_eq(d.vnets[0].resources[0].provider.report, DESIRED_REPORT_FAILED);
	desired_clear(&d);

	write_sealed(1, contents[_i].state);
	assert_damaged("contents", (size_t)_i);
	state_load(path, &d, &e);
	ck_assert_msg(strstr(e.message, contents[_i].word), "%s", e.message);
}
END_TEST

/* Deeper than any state is: an error and no overflow of the stack. */
START_TEST(deep_json_is_damage)
{
	char state[1024] = { 0 };

	memset(state, '[', sizeof(state) - 1);
	write_sealed(1, state);
	assert_damaged("depth", 0);
}
END_TEST

/* Saving fails with @number and a sentence; the old file is what it was. */
static void assert_save_fails(const struct desired *d, const struct desired *old, int number)
{
	struct error e = { 0 };
	int r = state_save(path, d, &e);

	ck_assert_msg(r == -number, "%d %s", r, e.message);
	ck_assert_int_eq(e.number, number);
	ck_assert_msg(strstr(e.message, path) && strstr(e.message, strerror(number)), "%s",
		      e.message);
	if (old)
		assert_load(old);
}

static void make_many(struct desired *d, size_t count)
{
	struct desired_vnet *v = desired_add_vnet(d);
	struct resource_settings settings;

	set_all_resource(&settings);
	util_copy(v->name, sizeof(v->name), "vnet0");
	settings_vnet_default(&v->settings);
	for (size_t i = 0; i < count; i++) {
		struct desired_resource *r = desired_add_resource(v);

		snprintf(r->name, sizeof(r->name), "g%zu", i);
		r->number = (uint32_t)i + 1;
		r->settings = settings;
	}
}

/* A limit to the file's size makes write() end short and then fail, as a full disk does. */
START_TEST(short_write_keeps_the_old_file)
{
	UTIL_CLEANUP(desired_clear) struct desired few = { 0 }, many = { 0 };
	struct rlimit limit, old;

	make(&few);
	make_many(&many, 500);
	ck_assert_int_eq(state_save(path, &few, NULL), 0);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = (struct rlimit) { 16384 + 100, old.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_save_fails(&many, &few, EFBIG);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
	ck_assert_int_eq(state_save(path, &many, NULL), 0);
	assert_load(&many);
}
END_TEST

START_TEST(bad_folders_are_told)
{
	UTIL_CLEANUP(desired_clear) struct desired d = { 0 };

	make(&d);
	snprintf(path, sizeof(path), "%s/none/state.json", folder);
	assert_save_fails(&d, NULL, ENOENT);
	snprintf(path, sizeof(path), "%s/file", folder);
	write_bytes("", 0);
	snprintf(path, sizeof(path), "%s/file/state.json", folder);
	assert_save_fails(&d, NULL, ENOTDIR);
	snprintf(path, sizeof(path), "/proc/self/state.json");
	assert_save_fails(&d, NULL, ENOENT); /* /proc takes no files */
	snprintf(path, sizeof(path), "%s/file", folder);
}
END_TEST

START_TEST(a_folder_in_the_way_is_told)
{
	UTIL_CLEANUP(desired_clear) struct desired d = { 0 };

	make(&d);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	assert_save_fails(&d, NULL, EISDIR);
	ck_assert_int_eq(rmdir(path), 0);
}
END_TEST

static bool write_text(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);
	bool written;

	if (fd < 0)
		return false;
	written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return written;
}

/*
 * A namespace of mounts that are gone with the process. Who is not root needs one of users as well,
 * and the kernel may refuse that.
 */
static bool enter_namespaces(void)
{
	char uids[32], gids[32];

	snprintf(uids, sizeof(uids), "0 %u 1", getuid());
	snprintf(gids, sizeof(gids), "0 %u 1", getgid());
	return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
	       write_text("/proc/self/setgroups", "deny") &&
	       write_text("/proc/self/uid_map", uids) && write_text("/proc/self/gid_map", gids);
}

/* Needs a mount namespace of its own. */
START_TEST(full_and_read_only_disks_keep_the_old_file)
{
	UTIL_CLEANUP(desired_clear) struct desired few = { 0 }, many = { 0 };

	make(&few);
	make_many(&many, 2000);
	ck_assert(enter_namespaces());
	ck_assert_int_eq(mount("tmpfs", folder, "tmpfs", 0, "size=64k"), 0);
	ck_assert_int_eq(state_save(path, &few, NULL), 0);
	assert_save_fails(&many, &few, ENOSPC);
	ck_assert_int_eq(state_save(path, &few, NULL), 0); /* nothing is left that takes room */
	ck_assert_int_eq(mount("tmpfs", folder, "tmpfs", MS_REMOUNT | MS_RDONLY, "size=64k"), 0);
	assert_save_fails(&few, &few, EROFS);
	ck_assert_int_eq(umount(folder), 0);
}
END_TEST

static bool can_mount(void)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(enter_namespaces() && mount("tmpfs", "/tmp", "tmpfs", 0, "size=64k") == 0
			      ? 0
			      : 1);
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

START_TEST(saves_and_loads_65536_resources)
{
	UTIL_CLEANUP(desired_clear) struct desired d = { 0 };

	make_many(&d, 65536);
	ck_assert_int_eq(state_save(path, &d, NULL), 0);
	assert_load(&d);
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("state", &t);

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, loads_what_was_saved);
	tcase_add_test(t, loads_an_empty_state);
	tcase_add_test(t, no_file_is_enoent);
	tcase_add_test(t, not_a_file);
	tcase_add_test(t, every_truncation_is_damage);
	tcase_add_test(t, every_changed_byte_is_damage);
	tcase_add_test(t, added_bytes_are_damage);
	tcase_add_test(t, newer_version_is_refused_with_words);
	tcase_add_loop_test(t, wrong_contents_are_damage, 0, UTIL_ARRAY_SIZE(contents));
	tcase_add_test(t, deep_json_is_damage);
	tcase_add_test(t, short_write_keeps_the_old_file);
	tcase_add_test(t, bad_folders_are_told);
	tcase_add_test(t, a_folder_in_the_way_is_told);
	tcase_add_test(t, saves_and_loads_65536_resources);
	if (can_mount())
		tcase_add_test(t, full_and_read_only_disks_keep_the_old_file);
	else
		printf("note: no namespaces here, so the full and the read-only disk are left "
		       "out\n");
	return unit_run(s);
}
