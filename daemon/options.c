/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.h"

#include <errno.h>
#include <getopt.h>

#include "history.h"
#include "log.h"
#include "settings.h"

enum {
	OPT_CONFIG = 256,
	OPT_SOCKET,
	OPT_STATE,
	OPT_BPFFS,
	OPT_INSTANCE,
	OPT_CHECK,
	OPT_LOG,
	OPT_NO_TCX,
	OPT_NO_CARRIER_CHECK,
	OPT_NO_XDP,
	OPT_SYSFS,
	OPT_HISTORY_INTERVAL,
	OPT_HISTORY_SAMPLES
};

static const struct option long_options[] = {
	{ "config", required_argument, NULL, OPT_CONFIG },
	{ "socket", required_argument, NULL, OPT_SOCKET },
	{ "state", required_argument, NULL, OPT_STATE },
	{ "bpffs", required_argument, NULL, OPT_BPFFS },
	{ "instance", required_argument, NULL, OPT_INSTANCE },
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "log-level", required_argument, NULL, OPT_LOG },
	{ "no-tcx", no_argument, NULL, OPT_NO_TCX },
	{ "no-carrier-check", no_argument, NULL, OPT_NO_CARRIER_CHECK },
	{ "no-xdp", no_argument, NULL, OPT_NO_XDP },
	{ "sysfs", required_argument, NULL, OPT_SYSFS },
	{ "history-interval", required_argument, NULL, OPT_HISTORY_INTERVAL },
	{ "history-samples", required_argument, NULL, OPT_HISTORY_SAMPLES },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL },
};

void options_help(FILE *out)
{
	fputs("usage: vnetd [OPTION...]\n"
	      "Keeps stable virtual NICs whose lower resources come and go.\n"
	      "Runs in the foreground.\n"
	      "\n"
	      "  --config DIR       read *.vnet files from DIR; may be repeated, the first\n"
	      "                     ranks highest (" VNET_SYSCONFDIR
	      "/vnet, /run/vnet, /usr/lib/vnet)\n"
	      "  --socket PATH      where vnetctl finds it (default /run/vnetd/vnetd.sock)\n"
	      "  --state DIR        runtime state, kept across restarts (default /run/vnetd)\n"
	      "  --bpffs DIR        folder on a BPF file system (default /sys/fs/bpf/vnet)\n"
	      "  --instance NAME    several daemons, each with a name (default default)\n"
	      "  --check            check the configuration files and exit\n"
	      "  --log-level L      err, warning, notice, info (default) or debug\n"
	      "  --no-tcx           attach by clsact even where the kernel has tcx\n"
	      "  --no-carrier-check leave it to vnetd to notice that a device is of no use\n"
	      "  --no-xdp           carry all frames by TC\n"
	      "  --sysfs DIR        where functions of NICs are looked for (default /sys)\n"
	      "  --history-interval S\n"
	      "                     seconds between samples of what is counted, 0: none\n"
	      "                     (default 10)\n"
	      "  --history-samples N\n"
	      "                     how many are kept of each vnet, uplink, flow (default 60)\n"
	      "  -V, --version      show the version\n"
	      "  -h, --help         show this text\n"
	      "\n"
	      "See vnetd(8), vnetctl(8), vnet(5).\n",
	      out);
}

static int complain(const char *option, const char *value, const char *expected)
{
	fprintf(stderr, "vnetd: %s: \"%s\" is not %s; see vnetd --help\n", option, value, expected);
	return -EINVAL;
}

static int take_path(const char *option, const char *value, const char **ret)
{
	if (!value[0])
		return complain(option, value, "a path");
	*ret = value;
	return 0;
}

static int add_config(struct options *o, const char *dir)
{
	size_t n = 0;

	while (o->config[n])
		n++;
	if (n == OPTIONS_CONFIG_MAX)
		return complain("--config", dir, "one of at most 16 folders");
	return take_path("--config", dir, &o->config[n]);
}

/* A number from @least to @most. */
static int take_number(const char *option, const char *value, uint32_t least, uint32_t most,
		       uint32_t *ret)
{
	char expected[64], *end;
	unsigned long number;

	errno = 0;
	number = strtoul(value, &end, 10);
	if (value[0] < '0' || value[0] > '9' || *end || errno || number < least || number > most) {
		snprintf(expected, sizeof(expected), "a number from %u to %u", least, most);
		return complain(option, value, expected);
	}
	*ret = (uint32_t)number;
	return 0;
}

static int take(struct options *o, int option, const char *value)
{
	struct error e;

	switch (option) {
	case OPT_CONFIG:
		return add_config(o, value);
	case OPT_SOCKET:
		return take_path("--socket", value, &o->socket);
	case OPT_STATE:
		return take_path("--state", value, &o->state);
	case OPT_BPFFS:
		return take_path("--bpffs", value, &o->bpffs);
	case OPT_INSTANCE:
		o->instance = value;
		if (settings_check_name("instance", value, 32, &e)) {
			fprintf(stderr, "vnetd: --instance: %s; see vnetd --help\n", e.message);
			return -EINVAL;
		}
		return 0;
	case OPT_CHECK:
		o->action = OPTIONS_CHECK;
		return 0;
	case OPT_LOG:
		o->log_level = log_level_parse(value);
		return o->log_level >= 0 ? 0
					 : complain("--log-level", value,
						    "err, warning, notice, info or debug");
	case OPT_NO_TCX:
		o->no_tcx = true;
		return 0;
	case OPT_NO_CARRIER_CHECK:
		o->no_carrier_check = true;
		return 0;
	case OPT_NO_XDP:
		o->no_xdp = true;
		return 0;
	case OPT_SYSFS:
		return take_path("--sysfs", value, &o->sysfs);
	case OPT_HISTORY_INTERVAL:
		return take_number("--history-interval", value, 0, OPTIONS_HISTORY_INTERVAL_S_MAX,
				   &o->history_interval_s);
	case OPT_HISTORY_SAMPLES:
		return take_number("--history-samples", value, HISTORY_SAMPLES_LEAST,
				   OPTIONS_HISTORY_SAMPLES_MAX, &o->history_samples);
	case 'V':
		o->action = OPTIONS_VERSION;
		return 0;
	case 'h':
		o->action = OPTIONS_HELP;
		return 0;
	default: /* getopt has said what is wrong */
		fputs("vnetd: see vnetd --help\n", stderr);
		return -EINVAL;
	}
}

int options_parse(int argc, char *argv[], struct options *ret)
{
	struct options o = {
		.socket = "/run/vnetd/vnetd.sock",
		.state = "/run/vnetd",
		.bpffs = "/sys/fs/bpf/vnet",
		.instance = "default",
		.log_level = LOG_INFO,
		.sysfs = "/sys",
		.history_interval_s = 10,
		.history_samples = 60,
	};
	int option;

	while ((option = getopt_long(argc, argv, "hV", long_options, NULL)) >= 0)
		if (take(&o, option, optarg))
			return -EINVAL;
	if (optind < argc)
		return complain("argument", argv[optind], "an option");
	if (!o.config[0]) {
		o.config[0] = VNET_SYSCONFDIR "/vnet";
		o.config[1] = "/run/vnet";
		o.config[2] = "/usr/lib/vnet";
	}
	*ret = o;
	return 0;
}
