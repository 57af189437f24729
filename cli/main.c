// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <unistd.h>

#include "run.h"

/*
 * A caller may have closed some of the standard streams. What is opened next would take their
 * numbers and be written into; so the gaps are filled, with something that refuses to be written.
 */
static int main_fill_standard_streams(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDONLY);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	return fd < 0 ? -1 : close(fd);
}

int main(int argc, char **argv)
{
	if (main_fill_standard_streams() < 0)
		return CTL_FAILED;
	return run_main(argc, argv, stdout, stderr);
}
