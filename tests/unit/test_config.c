/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../../daemon/config.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "../../daemon/file.h"
#include "unit.h"

/* Three folders as /etc/vnet, /run/vnet and /usr/lib/vnet, and one that does not exist. */
static char root[64];
static char folders[4][80];
static const char *dirs[5];

/* What a load gave. */
static struct desired desired;
static struct config_refused refused;
static char said[1 << 16]; /* the complaints: "etc/a.vnet:3: text", one a line */
static size_t said_used;
static int result;

static void setup(void)
{
	static const char *const names[] = { "etc", "run", "lib", "none" };

	snprintf(root, sizeof(root), "/tmp/vnet-test-config.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(names); i++) {
		snprintf(folders[i], sizeof(folders[i]), "%s/%s", root, names[i]);
		dirs[i] = folders[i];
		if (i < 3)
			ck_assert_int_eq(mkdir(folders[i], 0700), 0);
	}
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(path);
}

static void teardown(void)
{
	desired_clear(&desired);
	config_refused_clear(&refused);
	ck_assert_int_eq(nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* Writes ROOT/NAME, making the folder it is in. */
static void put_bytes(const char *name, const void *data, size_t len)
{
	char path[256], folder[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	snprintf(folder, sizeof(folder), "%s", path);
	*strrchr(folder, '/') = '\0';
	ck_assert(mkdir(folder, 0700) == 0 || errno == EEXIST);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
	close(fd);
}

static void put(const char *name, const char *text)
{
	put_bytes(name, text, strlen(text));
}

static void link_to(const char *target, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	ck_assert_int_eq(symlink(target, path), 0);
}

static void hear(void *context, const char *file, unsigned int line, const char *message)
{
	ck_assert_ptr_eq(context, &said_used);
	ck_assert_uint_gt(strlen(message), 10);
	ck_assert_ptr_null(strchr(message, '\n'));
	ck_assert_int_eq(strncmp(file, root, strlen(root)), 0);
	said_used += (size_t)snprintf(said + said_used, sizeof(said) - said_used, "%s:%u: %s\n",
				      file + strlen(root) + 1, line, message);
	ck_assert_uint_lt(said_used, sizeof(said));
}

static void load(void)
{
	desired_clear(&desired);
	config_refused_clear(&refused);
	said_used = 0;
	said[0] = '\0';
	result = config_load(dirs, &desired, &refused, hear, &said_used);
}

/* It is read without a complaint. */
static void load_well(void)
{
	load();
	ck_assert_msg(result == 0 && !said_used, "%d: %s", result, said);
	ck_assert_uint_eq(refused.count, 0);
	ck_assert(!refused.nameless);
}

static bool is_refused(const char *name)
{
	for (size_t i = 0; i < refused.count; i++)
		if (util_same(refused.names[i], name))
			return true;
	return false;
}

static size_t lines_said(void)
{
	size_t n = 0;

	for (const char *c = said; *c; c++)
		n += *c == '\n';
	return n;
}

/* There is a complaint that begins with @start and has @word in it. */
static void assert_said(const char *start, const char *word)
{
	for (const char *line = said; *line; line = strchr(line, '\n') + 1) {
		const char *end = strchr(line, '\n'), *found;

		if (strncmp(line, start, strlen(start)) != 0)
			continue;
		found = strstr(line, word);
		if (found && found < end)
			return;
	}
	ck_abort_msg("no complaint '%s...%s' in:\n%s", start, word, said);
}

static const struct desired_vnet *vnet(const char *name)
{
	const struct desired_vnet *v = desired_find(&desired, name);

	ck_assert_msg(v, "%s is missing: %s", name, said);
	return v;
}

static const struct desired_resource *resource(const char *vnet_name, const char *name)
{
	const struct desired_resource *r = desired_find_resource(vnet(vnet_name), name);

	ck_assert_msg(r, "%s/%s is missing", vnet_name, name);
	return r;
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

static void assert_same_vnet(const struct desired_vnet *a, const struct desired_vnet *b)
{
	ck_assert_str_eq(a->name, b->name);
	assert_same(settings_vnet, &a->settings, &b->settings);
	ck_assert_uint_eq(a->resource_count, b->resource_count);
	for (size_t i = 0; i < a->resource_count; i++) {
		ck_assert_str_eq(a->resources[i].name, b->resources[i].name);
		assert_same(settings_resource, &a->resources[i].settings,
			    &b->resources[i].settings);
	}
}

/* Every key of both sections. */
static const char full[] = "# a vnet with everything\n"
			   "[VNet]\n"
			   "Name=vnet0\n"
			   "Address=02:00:00:00:00:01\n"
			   "MTU=9000\n"
			   "NetNS=blue\n"
			   "Mode=tc\n"
			   "Guard=off\n"
			   "PVID=5\n"
			   "VLANs=10,20-29\n"
			   "Promiscuous=on\n"
			   "OnDelete=remove\n"
			   "HybridNeedsService=yes\n"
			   "MonitorInterval=250\n"
			   "HoldDown=2500\n"
			   "TxTimeout=300\n"
			   "AnnounceCount=5\n"
			   "AnnounceInterval=200\n"
			   "AnnounceAddresses=10.0.0.8\n"
			   "Protection=restricted,ip-nospoof\n"
			   "AllowedIPs=10.0.0.7,2001:db8::/64\n"
			   "StormLimit=1000\n"
			   "Owner=ann\n"
			   "\n"
			   "[Resource vsw]\n"
			   "Type=service\n"
			   "Device=vsw0\n"
			   "\n"
			   "; the peers\n"
			   "[Resource g1]\n"
			   "Type=guest\n"
			   "Device=vnet0-g1\n"
			   "Peer=02:00:00:00:00:02\n"
			   "PVID=6\n"
			   "VLANs=10\n"
			   "Admin=down\n"
			   "[Resource vf]\n"
			   "Type=hybrid\n"
			   "Device=vf0\n"
			   "Priority=7\n"
			   "StormLimit=none\n"
			   "[Resource p]\n"
			   "Type=guest\n"
			   "PeerVNet=vnet1\n"
			   "StormLimit=2000\n";

START_TEST(reads_every_key)
{
	const struct desired_vnet *v;
	const struct desired_resource *r;
	char buffer[VLAN_TEXT_SIZE];

	put("etc/lab.vnet", full);
	load_well();
	ck_assert_uint_eq(desired.vnet_count, 1);
	v = vnet("vnet0");
	ck_assert(v->from_config);
	ck_assert_uint_eq(v->number, 0);
	ck_assert_mem_eq(v->settings.address, ((uint8_t[]) { 2, 0, 0, 0, 0, 1 }), MAC_LEN);
	ck_assert_uint_eq(v->settings.mtu, 9000);
	ck_assert_str_eq(v->settings.netns, "blue");
	ck_assert_int_eq(v->settings.mode, SETTINGS_MODE_TC);
	ck_assert(!v->settings.guard);
	ck_assert_uint_eq(v->settings.pvid, 5);
	ck_assert_str_eq(vlan_format(&v->settings.vlans, buffer), "10,20-29");
	ck_assert_int_eq(v->settings.promiscuous, SETTINGS_PROMISC_ON);
	ck_assert_int_eq(v->settings.on_delete, SETTINGS_ON_DELETE_REMOVE);
	ck_assert(v->settings.hybrid_needs_service);
	ck_assert_uint_eq(v->settings.monitor_interval_ms, 250);
	ck_assert_uint_eq(v->settings.hold_down_ms, 2500);
	ck_assert_uint_eq(v->settings.tx_timeout_ms, 300);
	ck_assert_uint_eq(v->settings.announce_count, 5);
	ck_assert_uint_eq(v->settings.announce_interval_ms, 200);
	ck_assert_uint_eq(v->settings.announced.count, 1);
	assert_same(settings_vnet, &v->settings, &v->base);

	ck_assert_uint_eq(v->settings.protection, SETTINGS_IP_NOSPOOF | SETTINGS_RESTRICTED);
	ck_assert_uint_eq(v->settings.allowed.count, 2);
	ck_assert_uint_eq(v->settings.storm_limit, 1000);
	ck_assert_str_eq(v->settings.owner, "ann");
	ck_assert_uint_eq(v->resource_count, 4);
	ck_assert_str_eq(v->resources[3].settings.peer_vnet, "vnet1");
	ck_assert_uint_eq(v->resources[3].settings.storm_limit, 2000);
	ck_assert_str_eq(v->resources[0].name, "vsw");
	ck_assert_str_eq(v->resources[1].name, "g1");
	ck_assert_str_eq(v->resources[2].name, "vf");
	r = &v->resources[1];
	ck_assert(r->from_config);
	ck_assert_int_eq(r->settings.type, SETTINGS_GUEST);
	ck_assert_str_eq(r->settings.device, "vnet0-g1");
	ck_assert_mem_eq(r->settings.peer, ((uint8_t[]) { 2, 0, 0, 0, 0, 2 }), MAC_LEN);
	ck_assert_uint_eq(r->settings.pvid, 6);
	ck_assert(r->settings.has_vlans);
	ck_assert_str_eq(vlan_format(&r->settings.vlans, buffer), "10");
	ck_assert(!r->settings.admin_up);
	assert_same(settings_resource, &r->settings, &r->base);
	ck_assert_uint_eq(v->resources[2].settings.priority, 7);
}
END_TEST

START_TEST(what_is_not_given_is_default)
{
	struct desired_vnet expected = { .name = "vnet7" };

	settings_vnet_default(&expected.settings);
	put("etc/vnet7.vnet", "[VNet]\n");
	load_well();
	assert_same_vnet(vnet("vnet7"), &expected);
	ck_assert(!mac_is_unicast(vnet("vnet7")->settings.address));

	/* a section of resources is enough, and CR LF and a missing last newline do not matter */
	put("etc/vnet7.vnet", "[Resource s]\r\nType=service\r\nDevice=d0");
	load_well();
	ck_assert_str_eq(resource("vnet7", "s")->settings.device, "d0");
}
END_TEST

START_TEST(nothing_there_is_nothing)
{
	const char *no_dirs[] = { NULL };

	load_well();
	ck_assert_uint_eq(desired.vnet_count, 0);
	ck_assert_int_eq(config_load(no_dirs, &desired, &refused, hear, &said_used), 0);
}
END_TEST

START_TEST(other_files_are_not_read)
{
	put("etc/README", "nonsense");
	put("etc/a.vnet~", "nonsense");
	put("etc/a.conf", "nonsense");
	put("etc/.a.vnet", "nonsense");
	put("etc/.vnet", "nonsense");
	put("etc/alone.vnet.d/a.conf", "nonsense"); /* no main file: as systemd does */
	put("etc/a.vnet", "[VNet]\n");
	put("etc/a.vnet.d/b.conf~", "nonsense");
	put("etc/a.vnet.d/.b.conf", "nonsense");
	put("etc/a.vnet.d/b.vnet", "nonsense");
	load_well();
	ck_assert_uint_eq(desired.vnet_count, 1);
}
END_TEST

START_TEST(earlier_folders_hide_names_in_later_ones)
{
	put("lib/a.vnet", "[VNet]\nMTU=1001\n");
	put("lib/b.vnet", "[VNet]\nMTU=1002\n");
	put("lib/c.vnet", "[VNet]\nMTU=1003\n");
	put("run/b.vnet", "[VNet]\nMTU=2002\n");
	put("run/a.vnet", "a hidden file is not even read");
	put("etc/a.vnet", "[VNet]\nMTU=3001\n");
	load_well();
	ck_assert_uint_eq(desired.vnet_count, 3);
	ck_assert_uint_eq(vnet("a")->settings.mtu, 3001);
	ck_assert_uint_eq(vnet("b")->settings.mtu, 2002);
	ck_assert_uint_eq(vnet("c")->settings.mtu, 1003);
	/* in the order of the files' names, whatever folder they are in */
	ck_assert_str_eq(desired.vnets[0].name, "a");
	ck_assert_str_eq(desired.vnets[2].name, "c");
}
END_TEST

START_TEST(empty_files_and_dev_null_mask)
{
	put("lib/a.vnet", "[VNet]\n");
	put("lib/b.vnet", "[VNet]\n");
	put("lib/c.vnet", "[VNet]\n");
	put("lib/a.vnet.d/x.conf", "nonsense that is not read");
	put("etc/a.vnet", "");
	link_to("/dev/null", "run/b.vnet");
	load_well();
	ck_assert_uint_eq(desired.vnet_count, 1);
	vnet("c");
}
END_TEST

START_TEST(a_link_to_a_file_is_the_file)
{
	put("elsewhere", "[VNet]\nMTU=1234\n");
	link_to("../elsewhere", "etc/a.vnet");
	load_well();
	ck_assert_uint_eq(vnet("a")->settings.mtu, 1234);
}
END_TEST

START_TEST(drop_ins_apply_in_the_order_of_their_names)
{
	put("lib/a.vnet", "[VNet]\nMTU=1000\nGuard=off\n[Resource s]\nType=service\nDevice=d0\n");
	put("etc/a.vnet.d/20-x.conf", "[VNet]\nMTU=1020\n");
	put("lib/a.vnet.d/30-y.conf", "[VNet]\nMTU=1030\n");
	put("run/a.vnet.d/10-z.conf", "[VNet]\nMTU=1010\nMode=tc\n");
	put("lib/a.vnet.d/9-z.conf", "[Resource s]\nDevice=d9\n[Resource g]\nType=guest\n"
				     "Device=d1\nPeer=02:00:00:00:00:02\n");
	load_well();
	ck_assert_uint_eq(desired.vnet_count, 1);
	ck_assert_uint_eq(vnet("a")->settings.mtu, 1030);
	ck_assert_int_eq(vnet("a")->settings.mode, SETTINGS_MODE_TC);
	ck_assert(!vnet("a")->settings.guard);
	ck_assert_uint_eq(vnet("a")->resource_count, 2);
	ck_assert_str_eq(resource("a", "s")->settings.device, "d9");
	ck_assert_int_eq(resource("a", "s")->settings.type, SETTINGS_SERVICE);
	ck_assert_str_eq(resource("a", "g")->settings.device, "d1");
	assert_same(settings_vnet, &vnet("a")->settings, &vnet("a")->base);
}
END_TEST

/* The manager compares what it has with what it reads, byte by byte. */
START_TEST(an_overridden_value_leaves_no_trace)
{
	struct vnet_settings once;
	struct resource_settings resource_once;

	put("etc/a.vnet", "[VNet]\nNetNS=blue\n[Resource s]\nType=service\nDevice=d0\n");
	load_well();
	once = vnet("a")->base;
	resource_once = resource("a", "s")->base;
	put("etc/a.vnet", "[VNet]\nNetNS=/run/netns/longer\nVLANs=1,3,5\n"
			  "[Resource s]\nType=guest\nDevice=long-name\nVLANs=1-5\n");
	put("etc/a.vnet.d/1.conf", "[VNet]\nNetNS=blue\nVLANs=none\n"
				   "[Resource s]\nType=service\nDevice=d0\nVLANs=inherit\n");
	load_well();
	ck_assert_mem_eq(&once, &vnet("a")->base, sizeof(once));
	ck_assert_mem_eq(&once, &vnet("a")->settings, sizeof(once));
	ck_assert_mem_eq(&resource_once, &resource("a", "s")->base, sizeof(resource_once));
	ck_assert_mem_eq(&resource_once, &resource("a", "s")->settings, sizeof(resource_once));
}
END_TEST

START_TEST(drop_ins_are_hidden_and_masked_by_name)
{
	put("etc/a.vnet", "[VNet]\n");
	put("lib/a.vnet.d/10.conf", "[VNet]\nMTU=1010\n");
	put("lib/a.vnet.d/20.conf", "[VNet]\nGuard=off\n");
	put("lib/a.vnet.d/30.conf", "[VNet]\nMode=tc\n");
	put("run/a.vnet.d/10.conf", "[VNet]\nMTU=2010\n");
	put("etc/a.vnet.d/20.conf", "");
	put("etc/a.vnet.d/.keep", "");
	link_to("/dev/null", "etc/a.vnet.d/30.conf");
	load_well();
	ck_assert_uint_eq(vnet("a")->settings.mtu, 2010);
	ck_assert(vnet("a")->settings.guard);
	ck_assert_int_eq(vnet("a")->settings.mode, SETTINGS_MODE_AUTO);
}
END_TEST

START_TEST(a_bad_drop_in_refuses_the_vnet)
{
	put("etc/a.vnet", "[VNet]\nName=vnet0\n[Resource s]\nType=service\nDevice=d0\n");
	put("lib/a.vnet.d/10.conf", "[VNet]\n\nMTU=20\n[Resource g]\nType=guest\nDevice=d1\n");
	put("etc/b.vnet", "[VNet]\n");
	load();
	ck_assert_int_eq(result, 2);
	assert_said("lib/a.vnet.d/10.conf:3: ", "MTU=20 in section [VNet] is not a number from 68");
	assert_said("lib/a.vnet.d/10.conf:4: ", "vnet0/g: peer is required");
	ck_assert_uint_eq(desired.vnet_count, 1);
	vnet("b");
	ck_assert(is_refused("vnet0"));
	ck_assert(!is_refused("b"));
	ck_assert(!refused.nameless);
}
END_TEST

#define SERVICE "[Resource s]\nType=service\nDevice=d0\n"
#define VF	"[Resource v]\nType=hybrid\nPF=p0\nVF=1\n"
#define PEER	"[Resource p]\nType=guest\nPeerVNet=b\n"
#define GUEST	"[Resource g]\nType=guest\nDevice=d1\nPeer=02:00:00:00:00:02\n"

static const struct {
	const char *text;
	unsigned int line;
	const char *word;
	const char *other; /* what must be in the message as well */
} mistakes[] = {
	{ "[VNet]\n[Foo]\nMTU=x\n", 2, "[Foo] is unknown",
	  "[VNet], [Resource NAME] or [Flow NAME]" },
	{ "[vnet]\n", 1, "[vnet] is unknown", "[VNet]" },
	{ "[Resource]\nType=guest\n", 1, "[Resource] is unknown", "[Resource NAME]" },
	{ "[Resourceg1]\n", 1, "[Resourceg1] is unknown", "[Resource NAME]" },
	{ "[VNet\nMTU=1500\n", 1, "header is not whole", "[NAME]" },
	{ "MTU=1500\n[VNet]\n", 1, "MTU= stands outside", "[VNet]" },
	{ "\n\n[VNet]\nMTU=1500\nColour=red\n", 5, "key Colour is unknown in section [VNet]",
	  "expected one of Name, Address, MTU, " },
	{ "[VNet]\nmtu=1500\n", 2, "key mtu is unknown", "MTU" },
	{ SERVICE "Colour=red\n", 4, "key Colour is unknown in section [Resource s]",
	  "expected one of Type, Device, Peer, " },
	{ SERVICE "Name=s\n", 4, "key Name is unknown", "[Resource s]" },
	{ "[VNet]\nMTU=20\n", 2, "MTU=20 in section [VNet]", "is not a number from 68 to 65521" },
	{ "[VNet]\nMTU=1500 # big\n", 2, "MTU=1500 # big", "is not a number" },
	{ "[VNet]\nMTU=\n", 2, "MTU= in section [VNet] has no value", "expected a number" },
	{ "[VNet]\nAddress=02:00:00:00:00\n", 2, "Address=02:00:00:00:00 ", "MAC" },
	{ "[VNet]\nAddress=01:00:00:00:00:00\n", 2, "Address=01:00", "unicast" },
	{ "[VNet]\nGuard=maybe\n", 2, "Guard=maybe", "on or off" },
	{ "[VNet]\nMode=fast\n", 2, "Mode=fast", "auto, tc or xdp" },
	{ "[VNet]\nProtection=mac\n", 2, "Protection=mac in section",
	  "is not none, or mac-nospoof" },
	{ "[VNet]\nAllowedIPs=10.0.0.7/8\n", 2, "AllowedIPs=10.0.0.7/8",
	  "zeros behind the prefix" },
	{ "[VNet]\nStormLimit=0\n", 2, "StormLimit=0", "from 1 to 10000000, or none" },
	{ "[VNet]\nOwner=a b\n", 2, "Owner=a b", "a user name of 1 to 32 characters" },
	{ "\n[VNet]\nProtection=ip-nospoof\n", 2, "a: allowed_ips is required", "ip-nospoof" },
	{ "[VNet]\nAllowedIPs=::/0\n", 1, "a: allowed_ips ::/0", "every IPv4 address" },
	{ SERVICE "StormLimit=many\n", 4, "StormLimit=many in section [Resource s]", "or none" },
	{ SERVICE "PeerVNet=b\n", 1, "a/s: peer_vnet b", "guest alone" },
	{ GUEST "PeerVNet=b\n", 1, "a/g: peer_vnet b", "together with device" },
	{ "[Resource v]\nType=service\nPF=p0\nVF=1\n", 1, "a/v: vf 1 of p0", "hybrid alone" },
	{ "[Resource v]\nType=hybrid\nPF=p0\n", 1, "a/v: pf is given without vf", "both" },
	{ "[Resource v]\nType=hybrid\nDevice=d0\nVF=1\n", 1, "vf is given without pf", "both" },
	{ VF "Device=d0\n", 1, "a/v: vf 1 of p0", "together with device d0" },
	{ VF "VFVLAN=4095\n", 5, "VFVLAN=4095", "or none" },
	{ "[Resource v]\nType=hybrid\nPF=p0\nVF=65535\n", 4, "VF=65535", "from 0 to 65534" },
	{ VF "[Resource w]\nType=hybrid\nVF=1\nPF=p0\n", 5, "w has the same VF 1 of p0 as v has",
	  "another one" },
	{ PEER "Peer=02:00:00:00:00:02\n", 1, "a/p: peer_vnet b", "together with peer" },
	{ "[Resource p]\nType=guest\nPeerVNet=b/c\n", 3, "PeerVNet=b/c", "the name of a vnet" },
	{ "[Resource p]\nType=guest\nPeerVNet=a\n", 1, "p has its own vnet a", "another one" },
	{ PEER "[Resource q]\nType=guest\nPeerVNet=b\n", 4, "q has the same PeerVNet b as p has",
	  "a.vnet:1)" },
	{ "[VNet]\nVLANs=0\n", 2, "VLANs=0", "1 to 4094" },
	{ "[VNet]\nMTU 1500\n", 2, "no '='", "KEY=VALUE" },
	{ "[VNet]\n=1500\n", 2, "no key", "KEY=VALUE" },
	{ "[VNet]\nVLANs=1,\\\n2\n", 2, "backslash", "one line" },
	{ "[VNet]\nNetNS=gr\xfc\n", 2, "UTF-8", "" },
	{ "[VNet]\nNetNS=\x1b[1m\n", 2, "control character", "" },
	{ "[VNet]\nMTU=1500\nMTU=1500\n", 3, "MTU= in section [VNet] is given twice", "line 2" },
	{ "[VNet]\nName=a\nName=b\n", 3, "Name= in section [VNet] is given twice", "line 2" },
	{ SERVICE "Type=service\n", 4, "Type= in section [Resource s] is given twice", "line 2" },
	{ "[VNet]\n[VNet]\n", 2, "second section [VNet]", "line 1" },
	{ SERVICE "\n" SERVICE, 5, "second section [Resource s]", "line 1" },
	{ "[VNet]\nName=a/b\n", 2, "a/b", "expected" },
	{ "[VNet]\nName=\n", 2, "name", "expected" },
	{ "[VNet]\nName=much-too-long-a-name\n", 2, "much-too-long-a-name", "expected at most 13" },
	{ "[Resource a b]\nType=service\nDevice=d\n", 1, "a b", "expected" },
	{ "[Resource longer-than-allowed]\nType=service\nDevice=d\n", 1, "longer-than-allowed",
	  "expected at most 15" },
	{ "[VNet]\n[Resource s]\nDevice=d0\n", 2, "[Resource s] has no Type=", "service, guest" },
	{ "[VNet]\n[Resource s]\nType=service\n", 2, "[Resource s] has no Device=", "expected" },
	{ "[VNet]\n[Resource g]\nType=guest\nDevice=d\n", 2, "a/g: peer is required", "MAC" },
	{ SERVICE "Peer=02:00:00:00:00:02\n", 1, "a/s: peer 02:00:00:00:00:02", "guest alone" },
	{ "\n[VNet]\nUpper=tap0\n", 2, "a: address is required", "tap0" },
	{ SERVICE "[Resource s2]\nType=service\nDevice=d2\n", 4, "s2 is a second service beside s ",
	  "a.vnet:1)" },
	{ GUEST "[Resource g2]\nType=guest\nDevice=d2\nPeer=02:00:00:00:00:02\n", 5,
	  "g2 has the same Peer 02:00:00:00:00:02 in VLAN 1 as g has", "a.vnet:1)" },
	{ SERVICE "[Resource g]\nType=guest\nDevice=d0\nPeer=02:00:00:00:00:02\n", 4,
	  "g has the same Device d0 as s has", "a.vnet:1)" },
	{ "# nothing\n", 0, "no section", "[VNet]" },
	{ "\n", 0, "no section", "mask" },
};

START_TEST(one_mistake_one_complaint)
{
	char start[64];

	put("etc/a.vnet", mistakes[_i].text);
	put("etc/good.vnet", "[VNet]\n");
	load();
	ck_assert_msg(result == 1 && lines_said() == 1, "%d: %s", result, said);
	snprintf(start, sizeof(start), "etc/a.vnet:%u: ", mistakes[_i].line);
	assert_said(start, mistakes[_i].word);
	assert_said(start, mistakes[_i].other);
	ck_assert_uint_eq(desired.vnet_count, 1);
	vnet("good");
	ck_assert(is_refused("a"));
}
END_TEST

START_TEST(all_mistakes_are_told)
{
	put("etc/a.vnet", "MTU=1\n"
			  "[VNet]\n"
			  "MTU=1\n"
			  "Mode=fast\n"
			  "nonsense\n"
			  "[Foo]\n"
			  "Bar=1\n"
			  "[Resource a b]\n"
			  "Type=vf\n"
			  "[Resource g]\n"
			  "Colour=red\n"
			  "Type=gast\n"
			  "[VNet]\n"
			  "PVID=0\n");
	load();
	assert_said("etc/a.vnet:1: ", "outside");
	assert_said("etc/a.vnet:3: ", "MTU=1 ");
	assert_said("etc/a.vnet:4: ", "Mode=fast");
	assert_said("etc/a.vnet:5: ", "'='");
	assert_said("etc/a.vnet:6: ", "Foo");
	assert_said("etc/a.vnet:8: ", "a b");
	assert_said("etc/a.vnet:9: ", "Type=vf");
	assert_said("etc/a.vnet:11: ", "Colour");
	assert_said("etc/a.vnet:12: ", "Type=gast");
	assert_said("etc/a.vnet:10: ", "has no Device=");
	assert_said("etc/a.vnet:13: ", "second section");
	assert_said("etc/a.vnet:14: ", "PVID=0");
	ck_assert_msg(result == 12 && lines_said() == 12, "%d: %s", result, said);
}
END_TEST

START_TEST(nul_bytes_and_long_lines)
{
	static char text[8192];

	put_bytes("etc/a.vnet", "[VNet]\nMT\0U=1500\n", 17);
	load();
	ck_assert_int_eq(result, 1);
	assert_said("etc/a.vnet:2: ", "NUL byte");

	memset(text, 'x', sizeof(text));
	memcpy(text, "[VNet]\nNetNS=", 13);
	text[7 + 4096] = '\n';
	put_bytes("etc/a.vnet", text, 7 + 4096 + 1); /* as long as a line can be */
	load();
	ck_assert_int_eq(result, 1);
	assert_said("etc/a.vnet:2: ", "... in section [VNet] is not a name under /run/netns");
	ck_assert_uint_lt(said_used, 400);
	text[7 + 4096] = 'x';
	put_bytes("etc/a.vnet", text, sizeof(text));
	load();
	ck_assert_int_eq(result, 1);
	assert_said("etc/a.vnet:2: ", "longer than 4096 bytes");
}
END_TEST

/* A value is cut for the message between characters, and stays UTF-8. */
START_TEST(long_values_are_cut_between_characters)
{
	char text[400] = "[VNet]\nMode=";

	for (int shift = 0; shift < 3; shift++) {
		memset(text + 12, 'x', (size_t)shift);
		text[12 + shift] = '\0';
		for (int i = 0; i < 100; i++)
			strcat(text, "\xe2\x82\xac");
		put("etc/a.vnet", text);
		load();
		ck_assert_int_eq(result, 1);
		assert_said("etc/a.vnet:2: ", "\xe2\x82\xac... in section");
	}
}
END_TEST

START_TEST(big_files)
{
	const size_t max = 1 << 20;
	char *text = malloc(max + 1);

	ck_assert_ptr_nonnull(text);
	memset(text, '\n', max + 1);
	memcpy(text, "[VNet]", 6);
	put_bytes("etc/a.vnet", text, max);
	load_well();
	vnet("a");
	put_bytes("etc/a.vnet", text, max + 1);
	load();
	ck_assert_int_eq(result, 1);
	assert_said("etc/a.vnet:0: ", "longer than 1 MiB");
	ck_assert(is_refused("a"));
	ck_assert(refused.nameless);
	free(text);
}
END_TEST

START_TEST(many_resources)
{
	static char text[1 << 20];
	size_t used = 0, count = 0;

	while (used < sizeof(text) - 100) {
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "[Resource g%zu]\nType=guest\nDevice=d%zu\n"
					 "Peer=02:00:00:%02zx:%02zx:%02zx\n",
					 count, count, count >> 16 & 255, count >> 8 & 255,
					 count & 255);
		count++;
	}
	put_bytes("etc/a.vnet", text, used);
	load_well();
	ck_assert_uint_eq(vnet("a")->resource_count, count);
	ck_assert_uint_gt(count, 10000);
}
END_TEST

/* A guest is another one in another VLAN. */
static const struct {
	const char *vnet, *g1, *g2;
	unsigned int vlan; /* in which they clash, 0: nowhere */
} pairs[] = {
	{ "", "", "", 1 },
	{ "", "PVID=2\n", "PVID=3\n", 0 },
	{ "", "PVID=2\n", "PVID=2\n", 2 },
	{ "", "PVID=2\n", "", 0 },
	{ "PVID=2\n", "PVID=2\n", "", 2 },
	{ "VLANs=10\n", "PVID=2\n", "PVID=3\n", 10 },
	{ "VLANs=10\n", "PVID=2\nVLANs=11\n", "PVID=3\n", 0 },
	{ "VLANs=10\n", "PVID=2\nVLANs=none\n", "PVID=3\n", 0 },
	{ "", "PVID=2\nVLANs=10-20\n", "PVID=3\nVLANs=20-30\n", 20 },
	{ "", "PVID=2\nVLANs=10-20\n", "PVID=3\nVLANs=21-30\n", 0 },
	{ "", "PVID=2\nVLANs=10-20\n", "PVID=15\n", 15 },
	{ "", "PVID=15\n", "PVID=2\nVLANs=10-20\n", 15 },
	{ "", "PVID=2\nVLANs=5,7,9\n", "PVID=3\nVLANs=4,6,8,9\n", 9 },
	{ "", "VLANs=all\n", "PVID=9\n", 9 },
};

START_TEST(guests_with_one_mac)
{
	char text[512], word[32];

	snprintf(text, sizeof(text),
		 "[VNet]\n%s[Resource g1]\nType=guest\nDevice=d1\nPeer=02:00:00:00:00:02\n%s"
		 "[Resource g2]\nType=guest\nDevice=d2\nPeer=02:00:00:00:00:02\n%s",
		 pairs[_i].vnet, pairs[_i].g1, pairs[_i].g2);
	put("etc/a.vnet", text);
	load();
	ck_assert_msg(result == (pairs[_i].vlan ? 1 : 0), "%s", said);
	if (!pairs[_i].vlan)
		return;
	snprintf(word, sizeof(word), " in VLAN %u as g1 has", pairs[_i].vlan);
	assert_said("etc/a.vnet:", word);
}
END_TEST

START_TEST(the_third_guest_meets_the_second)
{
	put("etc/a.vnet", "[Resource g1]\nType=guest\nDevice=d1\nPeer=02:00:00:00:00:02\nPVID=1\n"
			  "[Resource g2]\nType=guest\nDevice=d2\nPeer=02:00:00:00:00:02\nPVID=2\n"
			  "[Resource g3]\nType=guest\nDevice=d3\nPeer=02:00:00:00:00:02\nPVID=3\n"
			  "[Resource g4]\nType=guest\nDevice=d4\nPeer=02:00:00:00:00:02\nPVID=2\n");
	load();
	ck_assert_int_eq(result, 1);
	assert_said("etc/a.vnet:16: ",
		    "g4 has the same Peer 02:00:00:00:00:02 in VLAN 2 as g2 has");
}
END_TEST

START_TEST(hybrids_are_counted)
{
	char text[1024] = "[VNet]\n";

	for (int i = 0; i < ABI_HYBRIDS_MAX; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "[Resource h%d]\nType=hybrid\nDevice=d%d\n", i, i);
	put("etc/a.vnet", text);
	load_well();
	strcat(text, "[Resource h8]\nType=hybrid\nDevice=d8\n");
	put("etc/a.vnet", text);
	load();
	ck_assert_int_eq(result, 1);
	assert_said("etc/a.vnet:26: ", "h8 is one hybrid too many, expected at most 8");
}
END_TEST

START_TEST(one_name_in_two_files)
{
	put("etc/a.vnet", "[VNet]\nName=vnet0\nMTU=1001\n");
	put("etc/b.vnet", "[VNet]\nMTU=1002\nName=vnet0\n");
	load();
	ck_assert_int_eq(result, 1);
	assert_said("etc/b.vnet:3: ", "vnet0 is the name of the vnet in ");
	assert_said("etc/b.vnet:3: ", "etc/a.vnet already");
	/* the first one stands and is not to be left alone */
	ck_assert_uint_eq(desired.vnet_count, 1);
	ck_assert_uint_eq(vnet("vnet0")->settings.mtu, 1001);
	ck_assert(!is_refused("vnet0"));
	ck_assert(is_refused("b"));

	/* by its file name */
	put("etc/b.vnet", "");
	put("etc/vnet0.vnet", "[VNet]\n");
	load();
	ck_assert_int_eq(result, 1);
	assert_said("etc/vnet0.vnet:0: ", "etc/a.vnet already");
	ck_assert_uint_eq(vnet("vnet0")->settings.mtu, 1001);
	ck_assert_uint_eq(refused.count, 0);

	/* neither is right while nobody knows which one is meant */
	put("etc/a.vnet", "[VNet]\nName=vnet0\nMTU=1\n");
	load();
	ck_assert_int_eq(result, 2);
	ck_assert_uint_eq(desired.vnet_count, 0);
	ck_assert(is_refused("vnet0"));
}
END_TEST

START_TEST(a_file_name_that_is_no_name)
{
	put("etc/a b.vnet", "[VNet]\n");
	load();
	ck_assert_int_eq(result, 1);
	assert_said("etc/a b.vnet:0: ", "there is no Name=");
	put("etc/a b.vnet", "[VNet]\nName=vnet0\n");
	load_well();
	vnet("vnet0");
	put("etc/a-name-longer-than-a-vnet-can-have.vnet", "[VNet]\n");
	load();
	ck_assert_int_eq(result, 1);
	assert_said("etc/a-name-longer-than-a-vnet-can-have.vnet:0: ", "expected at most 13");
	ck_assert_uint_eq(refused.count, 0);
}
END_TEST

/* What was called what before is known, or it is told that it is not. */
START_TEST(refused_names)
{
	put("etc/a.vnet", "[VNet]\nName=vnet0\nMTU=1\n");
	load();
	ck_assert(is_refused("vnet0") && is_refused("a") && !refused.nameless);
	put("etc/a.vnet", "[VNet]\nMTU=1\n");
	load();
	ck_assert(is_refused("a") && !refused.nameless);
	put("etc/a.vnet", "[VNet]\nNmae=vnet0\n");
	load();
	ck_assert(is_refused("a") && refused.nameless);
	put("etc/a.vnet", "[VNet]\nName vnet0\n");
	load();
	ck_assert(is_refused("a") && refused.nameless);
	put("etc/a.vnet", "[VNet]\nName=vnet 0\n");
	load();
	ck_assert(is_refused("a") && refused.nameless);
	put("etc/a.vnet", "[VNett]\nName=vnet0\n");
	load();
	ck_assert(is_refused("a") && refused.nameless);
	put("etc/a.vnet", SERVICE "nonsense\n");
	load();
	ck_assert(is_refused("a") && !refused.nameless);
	put("etc/a.vnet", "[VNet]\nName=vnet0\nnonsense\n");
	load();
	ck_assert(is_refused("vnet0") && !refused.nameless);
}
END_TEST

START_TEST(what_cannot_be_read)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/etc/folder.vnet", root);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/etc/pipe.vnet", root);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	link_to("/nowhere/at/all", "etc/dangling.vnet");
	link_to("/dev/zero", "etc/zero.vnet");
	put("etc/x.vnet", "[VNet]\n");
	put("etc/x.vnet.d", "a file where a folder is expected");
	put("etc/good.vnet", "[VNet]\n");
	load();
	ck_assert_int_eq(result, 5);
	assert_said("etc/folder.vnet:0: ", "not a regular file");
	assert_said("etc/pipe.vnet:0: ", "not a regular file");
	assert_said("etc/zero.vnet:0: ", "not a regular file");
	assert_said("etc/dangling.vnet:0: ", "No such file");
	assert_said("etc:0: ", "x.vnet.d");
	ck_assert_uint_eq(desired.vnet_count, 1);
	vnet("good");
	ck_assert_uint_eq(refused.count, 5);
	ck_assert(is_refused("x") && refused.nameless);
}
END_TEST

START_TEST(a_folder_that_is_none)
{
	put("file", "");
	snprintf(folders[1], sizeof(folders[1]), "%s/file", root);
	put("etc/a.vnet", "[VNet]\n");
	load();
	ck_assert_int_eq(result, -ENOTDIR);
	assert_said("file:0: ", "cannot be read");
	ck_assert_uint_eq(desired.vnet_count, 0);
	ck_assert_uint_eq(refused.count, 0);
}
END_TEST

/* Cut anywhere, a file is either whole or refused, and never a crash or half a vnet. */
START_TEST(every_truncation)
{
	size_t whole = 0;

	for (size_t len = 0; len < sizeof(full); len++) {
		put_bytes("etc/lab.vnet", full, len);
		load();
		ck_assert_int_ge(result, 0);
		ck_assert_uint_eq(lines_said(), (size_t)result);
		if (result) {
			ck_assert_uint_eq(desired.vnet_count, 0);
			ck_assert(is_refused("lab"));
		} else {
			ck_assert_uint_eq(refused.count, 0);
			ck_assert_uint_eq(desired.vnet_count, len ? 1 : 0);
			whole++;
		}
	}
	ck_assert_uint_gt(whole, 10);
	ck_assert_uint_eq(vnet("vnet0")->resource_count, 4);
}
END_TEST

START_TEST(every_changed_byte)
{
	static char text[sizeof(full)];

	for (size_t i = 0; i < sizeof(full) - 1; i++) {
		for (int bit = 0; bit < 8; bit++) {
			memcpy(text, full, sizeof(full));
			text[i] = (char)(text[i] ^ 1 << bit);
			put_bytes("etc/lab.vnet", text, sizeof(full) - 1);
			load();
			ck_assert_int_ge(result, 0);
			ck_assert_uint_eq(desired.vnet_count, result ? 0 : 1);
		}
	}
}
END_TEST

static char *read_file(const char *name)
{
	char path[256], *text;
	size_t len;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	ck_assert_int_eq(file_read(path, 1 << 20, &text, &len), 0);
	return text;
}

START_TEST(saves_what_differs_from_the_default)
{
	UTIL_FREE char *text = NULL;
	struct error e = { 0 };
	struct stat st;
	char path[256];

	put("lib/vnet0.vnet", "[VNet]\nMTU=1500\nMode=auto\nAddress=02:00:00:00:00:01\nGuard=off\n"
			      "[Resource s]\nType=service\nDevice=d0\nPriority=100\nAdmin=up\n"
			      "VLANs=none\n" GUEST);
	load_well();
	ck_assert_msg(config_save(folders[0], vnet("vnet0"), &e) == 0, "%s", e.message);
	text = read_file("etc/vnet0.vnet");
	ck_assert_str_eq(text, "# Written by vnetctl save.\n"
			       "\n"
			       "[VNet]\n"
			       "Name=vnet0\n"
			       "Address=02:00:00:00:00:01\n"
			       "Guard=off\n"
			       "\n"
			       "[Resource s]\n"
			       "Type=service\n"
			       "Device=d0\n"
			       "VLANs=none\n"
			       "\n"
			       "[Resource g]\n"
			       "Type=guest\n"
			       "Device=d1\n"
			       "Peer=02:00:00:00:00:02\n");
	snprintf(path, sizeof(path), "%s/etc/vnet0.vnet", root);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0644);
}
END_TEST

START_TEST(saves_and_loads_every_key)
{
	struct desired before = { 0 };
	struct error e = { 0 };

	put("lib/vnet0.vnet", full);
	load_well();
	before = desired;
	desired = (struct desired) { 0 };
	ck_assert_msg(config_save(folders[0], &before.vnets[0], &e) == 0, "%s", e.message);
	load_well(); /* lib's is hidden by the saved one */
	assert_same_vnet(&before.vnets[0], vnet("vnet0"));

	/* Upper= excludes NetNS=, so it needs a vnet of its own. */
	settings_vnet_default(&before.vnets[0].settings);
	util_copy(before.vnets[0].settings.upper, IFNAMSIZ, "tap0");
	before.vnets[0].settings.address[0] = 2;
	ck_assert_msg(config_save(folders[0], &before.vnets[0], &e) == 0, "%s", e.message);
	load_well();
	ck_assert_str_eq(vnet("vnet0")->settings.upper, "tap0");
	assert_same_vnet(&before.vnets[0], vnet("vnet0"));
	desired_clear(&before);
}
END_TEST

static void make(struct desired *d)
{
	struct desired_vnet *v = desired_add_vnet(d);
	struct desired_resource *r;

	util_copy(v->name, sizeof(v->name), "vnet0");
	settings_vnet_default(&v->settings);
	r = desired_add_resource(v);
	util_copy(r->name, sizeof(r->name), "s");
	settings_resource_default(&r->settings);
	r->settings.type = SETTINGS_SERVICE;
	util_copy(r->settings.device, sizeof(r->settings.device), "d0");
}

static void assert_save_fails(const char *dir, const struct desired_vnet *v, int number,
			      const char *word)
{
	struct error e = { 0 };
	int r = config_save(dir, v, &e);

	ck_assert_msg(r == -number, "%d %s", r, e.message);
	ck_assert_msg(strstr(e.message, "vnet0 cannot be saved"), "%s", e.message);
	ck_assert_msg(strstr(e.message, word), "%s", e.message);
}

START_TEST(a_failed_save_keeps_the_old_file)
{
	UTIL_CLEANUP(desired_clear) struct desired d = { 0 };
	UTIL_FREE char *text = NULL;
	struct rlimit limit, old;
	char path[256];

	make(&d);
	put("etc/vnet0.vnet", "[VNet]\n");
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = (struct rlimit) { 20, old.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_save_fails(folders[0], &d.vnets[0], EFBIG, "etc/vnet0.vnet");
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
	text = read_file("etc/vnet0.vnet");
	ck_assert_str_eq(text, "[VNet]\n");
	snprintf(path, sizeof(path), "%s/etc/vnet0.vnet.tmp", root);
	ck_assert_int_eq(access(path, F_OK), -1);
}
END_TEST

START_TEST(bad_folders_to_save_in)
{
	UTIL_CLEANUP(desired_clear) struct desired d = { 0 };
	char path[256];

	make(&d);
	assert_save_fails(folders[3], &d.vnets[0], ENOENT, "none/vnet0.vnet");
	put("file", "");
	snprintf(path, sizeof(path), "%s/file", root);
	assert_save_fails(path, &d.vnets[0], ENOTDIR, "file");
	assert_save_fails("/proc/self", &d.vnets[0], ENOENT, "/proc/self/vnet0.vnet");
}
END_TEST

/* What would be read back as something else is not written. */
START_TEST(saves_nothing_that_would_not_load)
{
	UTIL_CLEANUP(desired_clear) struct desired d = { 0 };
	char path[256];

	make(&d);
	util_copy(d.vnets[0].resources[0].settings.device, IFNAMSIZ, "d0\\");
	assert_save_fails(folders[0], &d.vnets[0], EINVAL, "backslash");
	util_copy(d.vnets[0].resources[0].settings.device, IFNAMSIZ, "d0");
	util_copy(d.vnets[0].settings.netns, SETTINGS_NETNS_SIZE, "blue ");
	assert_save_fails(folders[0], &d.vnets[0], EINVAL, "cannot hold");
	snprintf(path, sizeof(path), "%s/etc/vnet0.vnet", root);
	ck_assert_int_eq(access(path, F_OK), -1);
}
END_TEST

START_TEST(saves_nothing_that_is_contradicted)
{
	UTIL_CLEANUP(desired_clear) struct desired d = { 0 };
	struct error e = { 0 };

	make(&d);
	put("etc/vnet0.vnet.d/10.conf", "[VNet]\nMTU=1400\n");
	assert_save_fails(folders[0], &d.vnets[0], EEXIST, "vnet0.vnet.d");
	d.vnets[0].settings.mtu = 1400; /* now the drop-in says the same */
	ck_assert_msg(config_save(folders[0], &d.vnets[0], &e) == 0, "%s", e.message);

	put("etc/lab.vnet", "[VNet]\nName=vnet0\n");
	assert_save_fails(folders[0], &d.vnets[0], EEXIST, "etc/lab.vnet");
	put("etc/lab.vnet", "[VNet]\nName=vnet1\n");
	put("etc/bad.vnet", "[VNet]\nMTU=1\n");
	ck_assert_msg(config_save(folders[0], &d.vnets[0], &e) == 0, "%s", e.message);
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("config", &t);

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, reads_every_key);
	tcase_add_test(t, what_is_not_given_is_default);
	tcase_add_test(t, nothing_there_is_nothing);
	tcase_add_test(t, other_files_are_not_read);
	tcase_add_test(t, earlier_folders_hide_names_in_later_ones);
	tcase_add_test(t, empty_files_and_dev_null_mask);
	tcase_add_test(t, a_link_to_a_file_is_the_file);
	tcase_add_test(t, drop_ins_apply_in_the_order_of_their_names);
	tcase_add_test(t, an_overridden_value_leaves_no_trace);
	tcase_add_test(t, drop_ins_are_hidden_and_masked_by_name);
	tcase_add_test(t, a_bad_drop_in_refuses_the_vnet);
	tcase_add_loop_test(t, one_mistake_one_complaint, 0, UTIL_ARRAY_SIZE(mistakes));
	tcase_add_test(t, all_mistakes_are_told);
	tcase_add_test(t, nul_bytes_and_long_lines);
	tcase_add_test(t, long_values_are_cut_between_characters);
	tcase_add_test(t, big_files);
	tcase_add_test(t, many_resources);
	tcase_add_loop_test(t, guests_with_one_mac, 0, UTIL_ARRAY_SIZE(pairs));
	tcase_add_test(t, the_third_guest_meets_the_second);
	tcase_add_test(t, hybrids_are_counted);
	tcase_add_test(t, one_name_in_two_files);
	tcase_add_test(t, a_file_name_that_is_no_name);
	tcase_add_test(t, refused_names);
	tcase_add_test(t, what_cannot_be_read);
	tcase_add_test(t, a_folder_that_is_none);
	tcase_add_test(t, every_truncation);
	tcase_add_test(t, every_changed_byte);
	tcase_add_test(t, saves_what_differs_from_the_default);
	tcase_add_test(t, saves_and_loads_every_key);
	tcase_add_test(t, a_failed_save_keeps_the_old_file);
	tcase_add_test(t, bad_folders_to_save_in);
	tcase_add_test(t, saves_nothing_that_would_not_load);
	tcase_add_test(t, saves_nothing_that_is_contradicted);
	return unit_run(s);
}
