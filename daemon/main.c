/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon.h"
#include "log.h"

enum { EXIT_STOPPED = 0, EXIT_NO_START = 1, EXIT_USAGE = 2 };

static int run(const struct options *o)
{
	struct daemon *d = NULL;
	struct error e = { 0 };
	int err = daemon_new(o, &d, &e);

	if (err) {
		log_err("cannot start: %s", e.message);
		return EXIT_NO_START;
	}
	err = daemon_run(d);
	daemon_free(d);
	return err ? EXIT_NO_START : EXIT_STOPPED;
}

int main(int argc, char *argv[])
{
	struct options o;

	if (options_parse(argc, argv, &o))
		return EXIT_USAGE;
	log_open(o.log_level);
	switch (o.action) {
	case OPTIONS_HELP:
		options_help(stdout);
		return EXIT_STOPPED;
	case OPTIONS_VERSION:
		puts("vnetd " VNET_VERSION);
		return EXIT_STOPPED;
	case OPTIONS_CHECK:
		return daemon_check(&o) ? EXIT_NO_START : EXIT_STOPPED;
	case OPTIONS_RUN:
		break;
	}
	return run(&o);
}
