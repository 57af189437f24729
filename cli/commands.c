// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "commands.h"
#include "complete.h"
#include "help.h"
#include "text.h"
#include "top.h"
#include "verbs.h"
#include "watch.h"

#define COMMANDS_OPTION_LATE "'%s' is out of place: expected options before OBJECT"

/* clang-format off */
const struct verb commands_verbs[] = {
	{ "vnet", "add", "NAME [KEY VALUE]...", "make a vnet",
	  { NAME_NEW }, 1, 0, keys_vnet, verbs_vnet_add },
	{ "vnet", "set", "NAME KEY VALUE...", "change a vnet",
	  { NAME_VNET }, 1, 1, keys_vnet, verbs_vnet_set },
	{ "vnet", "del", "NAME", "remove a vnet with its resources",
	  { NAME_VNET }, 1, 0, NULL, verbs_vnet_del },
	{ "vnet", "prepare-migration", "NAME", "take the hybrids out for a live migration",
	  { NAME_VNET }, 1, 0, NULL, verbs_vnet_prepare_migration },
	{ "vnet", "finish-migration", "NAME", "take the hybrids in again",
	  { NAME_VNET }, 1, 0, NULL, verbs_vnet_finish_migration },
	{ "vnet", "show", "[NAME]", "show vnets and their resources",
	  { NAME_VNET }, 0, 0, NULL, verbs_vnet_show },
	{ "resource", "add", "VNET NAME type TYPE dev DEV [KEY VALUE]...", "register a lower device",
	  { NAME_VNET, NAME_NEW }, 2, 0, keys_resource, verbs_resource_add },
	{ "resource", "set", "VNET NAME KEY VALUE...", "change a resource",
	  { NAME_VNET, NAME_RESOURCE }, 2, 1, keys_resource, verbs_resource_set },
	{ "resource", "del", "VNET NAME", "take a resource out",
	  { NAME_VNET, NAME_RESOURCE }, 2, 0, NULL, verbs_resource_del },
	{ "resource", "clear", "VNET NAME", "try again after a reported failure",
	  { NAME_VNET, NAME_RESOURCE }, 2, 0, NULL, verbs_resource_clear },
	{ "resource", "show", "[VNET [NAME]]", "show resources",
	  { NAME_VNET, NAME_RESOURCE }, 0, 0, NULL, verbs_resource_show },
	{ "uplink", "add", "NAME dev DEV [KEY VALUE]...", "share a device between vnets",
	  { NAME_NEW }, 1, 0, keys_uplink, verbs_uplink_add },
	{ "uplink", "set", "NAME KEY VALUE...", "change an uplink",
	  { NAME_UPLINK }, 1, 1, keys_uplink, verbs_uplink_set },
	{ "uplink", "del", "NAME", "give the device back",
	  { NAME_UPLINK }, 1, 0, NULL, verbs_uplink_del },
	{ "uplink", "show", "[NAME]", "show uplinks and their vnets",
	  { NAME_UPLINK }, 0, 0, NULL, verbs_uplink_show },
	{ "flow", "add", "VNET|UPLINK NAME [KEY VALUE]...", "do something with some frames",
	  { NAME_FLOW_OWNER, NAME_NEW }, 2, 0, keys_flow, verbs_flow_add },
	{ "flow", "set", "VNET|UPLINK NAME KEY VALUE...", "change a flow",
	  { NAME_FLOW_OWNER, NAME_FLOW }, 2, 1, keys_flow, verbs_flow_set },
	{ "flow", "del", "VNET|UPLINK NAME", "remove a flow",
	  { NAME_FLOW_OWNER, NAME_FLOW }, 2, 0, NULL, verbs_flow_del },
	{ "flow", "show", "[VNET|UPLINK [NAME]]", "show flows and what they count",
	  { NAME_FLOW_OWNER, NAME_FLOW }, 0, 0, NULL, verbs_flow_show },
	{ "fdb", "show", "[VNET]", "show which MAC is behind which resource",
	  { NAME_VNET }, 0, 0, NULL, verbs_fdb_show },
	{ "path", NULL, "VNET MAC [vlan N]", "which way a frame would go, and why",
	  { NAME_VNET, NAME_MAC }, 2, 0, keys_path, verbs_path },
	{ "stats", NULL, "[VNET [NAME]]", "count of frames, bytes and drops",
	  { NAME_VNET, NAME_RESOURCE }, 0, 0, NULL, verbs_stats },
	{ "history", NULL, "[VNET|UPLINK [FLOW]] [KEY VALUE]...", "what was carried a second, over time",
	  { NAME_FLOW_OWNER, NAME_FLOW }, 0, 0, keys_history, verbs_history },
	{ "top", NULL, "[VNET] [KEY VALUE]...", "what is carried a second, now",
	  { NAME_VNET }, 0, 0, keys_top, top_run, .once = true },
	{ "monitor", NULL, "", "print events as they happen",
	  { NAME_NONE }, 0, 0, NULL, watch_run, .once = true },
	{ "reload", NULL, "", "read the configuration files again",
	  { NAME_NONE }, 0, 0, NULL, verbs_reload },
	{ "save", NULL, "", "write what runs into configuration files",
	  { NAME_NONE }, 0, 0, NULL, verbs_save },
	{ "flush", NULL, "", "take every vnet away",
	  { NAME_NONE }, 0, 0, NULL, verbs_flush },
	{ "status", NULL, "", "show how vnetd is",
	  { NAME_NONE }, 0, 0, NULL, verbs_status },
	{ "version", NULL, "", "show the version of vnetctl",
	  { NAME_NONE }, 0, 0, NULL, verbs_version, .local = true },
	{ "help", NULL, "[OBJECT]", "show syntax and examples",
	  { NAME_OBJECT }, 0, 0, NULL, help_run, .local = true },
	{ "complete", NULL, "[WORD]...", "list what the last word can become",
	  { NAME_NONE }, 0, 0, NULL, complete_run, .local = true, .raw = true },
	{ NULL },
};

const struct object commands_objects[] = {
	{ "vnet",
	  "A vnet is a stable network device; what carries its frames comes and goes beneath it.\n",
	  "vnetctl vnet add vnet0 address 02:00:00:00:00:01\n"
	  "vnetctl vnet add vnet1 netns blue mtu 9000 vlans 10,20-29\n"
	  "vnetctl vnet add vm1 upper tap1 address 52:54:00:00:00:01\n"
	  "vnetctl vnet add vnet2 uplink up0 address random prefix 02:aa:bb\n"
	  "vnetctl vnet set vnet0 mtu 9000 guard off\n"
	  "vnetctl vnet set vm1 protection ip-nospoof,restricted allowed-ips 10.0.0.7\n"
	  "vnetctl vnet prepare-migration vm1\n"
	  "vnetctl -j -p vnet show vnet0\n" },
	{ "resource",
	  "A resource is a lower device of a vnet: the service leads to a vswitch, a guest to one\n"
	  "peer, a hybrid is a function of a NIC. Its device may appear later.\n",
	  "vnetctl resource add vnet0 up type service dev eth1\n"
	  "vnetctl resource add vnet0 g1 type guest dev vnet0-g1 peer 02:00:00:00:00:02\n"
	  "vnetctl resource add vnet0 vf type hybrid dev enp1s0v3 priority 10\n"
	  "vnetctl resource add vnet0 h type hybrid vf enp1s0 3 vlan 100\n"
	  "vnetctl resource add vnet0 b type guest peer-vnet vnet1\n"
	  "vnetctl resource set vnet0 up storm-limit 2000\n"
	  "vnetctl resource set vnet0 vf admin down\n"
	  "vnetctl resource clear vnet0 p0\n" },
	{ "uplink",
	  "An uplink is a NIC that many vnets have as their service: frames find them by VLAN and\n"
	  "MAC, or by IP address where they share the NIC's MAC. The host keeps using the NIC.\n",
	  "vnetctl uplink add up0 dev eth1\n"
	  "vnetctl vnet add vnet1 uplink up0\n"
	  "vnetctl vnet add vnet2 uplink up0 share on addresses 10.0.0.7\n"
	  "vnetctl resource add vnet3 s type service uplink up0 vlans 10,20\n"
	  "vnetctl uplink set up0 steer ip\n"
	  "vnetctl -j uplink show up0\n" },
	{ "flow",
	  "A flow is some of the frames of a vnet or an uplink, with a bandwidth, a priority or a\n"
	  "place to go of their own. Of those that fit a frame the one with the lowest rank has it,\n"
	  "then the more specific one.\n",
	  "vnetctl flow add vnet0 backup proto tcp rport 873 maxbw 20mbit priority low\n"
	  "vnetctl flow add vnet0 voice dsfield 0xb8:0xfc priority high\n"
	  "vnetctl flow add up0 guests local 10.1.0.0/16 maxbw-in 1gbit rank 50\n"
	  "vnetctl flow add up0 web dir in local 10.1.0.9 proto tcp lport 80 to vnet web\n"
	  "vnetctl flow set vnet0 backup maxbw 50mbit\n"
	  "vnetctl -j flow show vnet0\n" },
	{ "fdb",
	  "The forwarding database says which guest resource a MAC is behind. It is made of what was\n"
	  "registered; nothing is learned from frames.\n",
	  "vnetctl fdb show vnet0\n" },
	{ "path",
	  "The way that a frame to MAC would take now, found by the data path's own rules.\n",
	  "vnetctl path vnet0 02:00:00:00:00:02\n"
	  "vnetctl path vnet0 ff:ff:ff:ff:ff:ff vlan 10\n" },
	{ "stats",
	  "Frames and bytes of each resource, and the frames of each vnet that were dropped, by\n"
	  "reason. Reasons without drops are left out; -j shows all.\n",
	  "vnetctl stats vnet0\n"
	  "vnetctl -j stats vnet0 g1\n" },
	{ "history",
	  "What vnets and uplinks, or one flow, carried and dropped a second between one sample and the\n"
	  "next; -j prints the counters themselves. vnetd takes a sample each 10 seconds and keeps 60,\n"
	  "if it is not told otherwise. When it is started anew, so is the history.\n",
	  "vnetctl history\n"
	  "vnetctl history vnet0 since 300\n"
	  "vnetctl history vnet0 backup interval 60\n"
	  "vnetctl -j history vnet0 samples 2\n" },
	{ "top",
	  "What vnets, their resources and their flows carry and drop a second, again and again until\n"
	  "SIGINT or SIGTERM; with -j one JSON array a line.\n",
	  "vnetctl top\n"
	  "vnetctl top vnet0 interval 5\n"
	  "vnetctl -j top samples 1\n" },
	{ "monitor",
	  "One event a line, with -j one JSON object a line, until SIGINT or SIGTERM. It ends with\n"
	  "status 3 when vnetd goes.\n",
	  "vnetctl monitor\n"
	  "vnetctl -j monitor\n" },
	{ "reload",
	  "Applies what changed in the configuration files and disturbs nothing else. A file with an\n"
	  "error changes nothing.\n",
	  "vnetctl reload\n" },
	{ "save",
	  "Writes every vnet that differs from its configuration file, or has none, into a file, and\n"
	  "prints the names of the files.\n",
	  "vnetctl save\n" },
	{ "flush",
	  "Removes all vnets, and the programs, maps and devices that vnetd made. The configuration\n"
	  "files stay.\n",
	  "vnetctl flush\n" },
	{ "status",
	  "Version, process and uptime of vnetd, and what it found this kernel to be capable of.\n",
	  "vnetctl status\n" },
	{ "version", "The version of vnetctl itself; 'vnetctl status' shows that of vnetd.\n",
	  "vnetctl version\n" },
	{ "help", "All commands, or the syntax, the keys and examples of an object.\n",
	  "vnetctl help resource\n" },
	{ NULL },
};
/* clang-format on */

void commands_words(const char *object, struct words *ret)
{
	const struct verb *v;

	for (v = commands_verbs; v->object; v++) {
		if (v->raw)
			continue;
		if (!object)
			words_add(ret, v->object);
		else if (v->name && strcmp(v->object, object) == 0)
			words_add(ret, v->name);
	}
}

const struct verb *commands_find(const char *object, const char *name)
{
	const struct verb *v;

	for (v = commands_verbs; v->object; v++)
		if (strcmp(v->object, object) == 0 &&
		    (!v->name || !name || strcmp(v->name, name) == 0))
			return v;
	return NULL;
}

/* NULL after a complaint; so does commands_find_verb(). */
static const struct verb *commands_find_object(struct ctl *ctl, const char *text)
{
	char list[WORDS_LIST_SIZE];
	struct words objects = { .count = 0 };
	const struct verb *verb = commands_find(text, NULL);
	size_t i;
	int r;

	if (verb) /* also the way to the hidden ones */
		return verb;
	commands_words(NULL, &objects);
	r = words_find(&objects, text, &i);
	if (r == 0)
		return commands_find(objects.word[i], NULL);
	if (r == -ENOTUNIQ)
		ctl_usage(ctl, "", "'%s' is ambiguous: %s", text, words_list(&objects, text, list));
	else
		ctl_usage(ctl, "", "'%s' is not an object: expected %s", text,
			  words_list(&objects, "", list));
	return NULL;
}

/* Without a word the verb is "show". */
static const struct verb *commands_find_verb(struct ctl *ctl, const char *object, const char *text)
{
	char list[WORDS_LIST_SIZE];
	struct words verbs = { .count = 0 };
	size_t i;
	int r;

	if (text && text[0] == '-') {
		ctl_usage(ctl, object, COMMANDS_OPTION_LATE, text);
		return NULL;
	}
	commands_words(object, &verbs);
	r = words_find(&verbs, text ? text : "show", &i);
	if (r == 0)
		return commands_find(object, verbs.word[i]);
	if (r == -ENOTUNIQ)
		ctl_usage(ctl, object, "'%s' is ambiguous: %s", text,
			  words_list(&verbs, text, list));
	else
		ctl_usage(ctl, object, "'%s' is not a verb of %s: expected %s", text ? text : "",
			  object, words_list(&verbs, "", list));
	return NULL;
}

/* "vnet add NAME [KEY VALUE]..." */
static const char *commands_syntax(const struct verb *v, char *buffer, size_t size)
{
	snprintf(buffer, size, "%s%s%s%s%s", v->object, v->name ? " " : "", v->name ? v->name : "",
		 v->usage[0] ? " " : "", v->usage);
	return buffer;
}

static enum ctl_status commands_parse(struct ctl *ctl, const struct verb *v, int argc,
				      char *const *argv, struct command *ret)
{
	char syntax[128];
	enum ctl_status status;
	int used = 0;

	*ret = (struct command) { .verb = v, .argc = argc, .argv = argv };
	commands_syntax(v, syntax, sizeof(syntax));
	if (v->raw)
		return CTL_DONE;
	while (used < argc && used < COMMAND_NAMES_MAX && v->names[used]) {
		if (used >= v->names_needed && v->keys && keys_has(v->keys, argv[used]))
			break;
		if (argv[used][0] == '-')
			return ctl_usage(ctl, v->object,
					 "'%s' is out of place: expected options before OBJECT",
					 argv[used]);
		ret->name[used] = argv[used];
		used++;
	}
	if (used < v->names_needed)
		return ctl_usage(ctl, v->object, "a word is missing after '%s': expected %s",
				 used > 0  ? argv[used - 1]
				 : v->name ? v->name
					   : v->object,
				 syntax);
	if (!v->keys && used < argc)
		return ctl_usage(ctl, v->object, "'%s' is a word too many: expected %s", argv[used],
				 syntax);
	if (v->keys) {
		status = keys_parse(ctl, v->object, v->keys, argc - used, argv + used,
				    ret->settings, &ret->setting_count, &ret->joined);
		if (status != CTL_DONE)
			return status;
	}
	if (ret->setting_count < v->keys_needed)
		return ctl_usage(ctl, v->object, "a key is missing after '%s': expected %s",
				 argv[used - 1], syntax);
	return CTL_DONE;
}

/* JSON, in which all of it goes to vnetd, knows nothing else. */
static enum ctl_status commands_check_text(struct ctl *ctl, int argc, char *const *argv)
{
	for (int i = 0; i < argc; i++)
		if (!text_is_utf8(argv[i]))
			return ctl_usage(ctl, NULL, "'%s' is not UTF-8: expected text in UTF-8",
					 argv[i]);
	return CTL_DONE;
}

enum ctl_status commands_run(struct ctl *ctl, int argc, char *const *argv)
{
	enum ctl_status status = commands_check_text(ctl, argc, argv);
	const struct verb *verb;
	struct command command;
	int used = 1;

	if (status != CTL_DONE)
		return status;
	verb = commands_find_object(ctl, argv[0]);
	if (verb && verb->name) {
		if (argc > 1 && strcmp(argv[1], "help") == 0)
			return help_object(ctl, verb->object);
		verb = commands_find_verb(ctl, verb->object, argc > 1 ? argv[1] : NULL);
		used = argc > 1 ? 2 : 1;
	}
	if (!verb)
		return CTL_USAGE;
	if (verb->once && ctl->where[0])
		return ctl_usage(ctl, verb->object,
				 "'%s' never ends: expected a command that can be in a batch",
				 verb->object);
	status = commands_parse(ctl, verb, argc - used, argv + used, &command);
	if (status == CTL_DONE && !verb->local)
		status = ctl_connect(ctl);
	if (status == CTL_DONE)
		status = verb->run(ctl, &command);
	free(command.joined);
	return status;
}
