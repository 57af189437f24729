/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/vf.c over folders made to look like sysfs. */
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../daemon/vf.h"
#include "unit.h"

static char root[] = "/tmp/vnet-vf.XXXXXX";
static struct kernel_vf_place place;

static const char *path(const char *rest)
{
	static char text[PATH_MAX];

	snprintf(text, sizeof(text), "%s/%s", root, rest);
	return text;
}

static void folder(const char *rest)
{
	char name[PATH_MAX];

	snprintf(name, sizeof(name), "%s", path(rest));
	for (char *slash = name + sizeof(root); (slash = strchr(slash, '/')); *slash++ = '/') {
		*slash = '\0';
		ck_assert(mkdir(name, 0755) == 0 || errno == EEXIST);
	}
	ck_assert(mkdir(name, 0755) == 0 || errno == EEXIST);
}

static void file(const char *rest, const char *text)
{
	FILE *f = fopen(path(rest), "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static void to(const char *rest, const char *target)
{
	ck_assert_int_eq(symlink(target, path(rest)), 0);
}

static void drop(const char *rest)
{
	ck_assert_int_eq(remove(path(rest)), 0);
}

static int drop_one(const char *name, const struct stat *s, int flag, struct FTW *ftw)
{
	return remove(name);
}

#define PF  "devices/pci0000:00/0000:01:00.0"
#define VF3 "devices/pci0000:00/0000:01:10.6"

/* A PF with one VF, number 3, as the kernel lays them out; without driver or device. */
static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(root));
	folder(PF "/net/enp1s0");
	folder(VF3);
	folder("class/net");
	folder("drivers/ixgbevf");
	file(PF "/sriov_totalvfs", "63\n");
	file(PF "/sriov_numvfs", "4\n");
	to("class/net/enp1s0", "../../" PF "/net/enp1s0");
	to(PF "/net/enp1s0/device", "../../../0000:01:00.0");
	to(PF "/virtfn3", "../0000:01:10.6");
}

static void teardown(void)
{
	ck_assert_int_eq(nftw(root, drop_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static void look(const char *pf, uint32_t index)
{
	memset(&place, 0xa5, sizeof(place));
	ck_assert_int_eq(vf_look(root, pf, index, &place), 0);
}

static void place_is(enum kernel_vf_missing missing, const char *function, const char *driver,
		     const char *netdev)
{
	ck_assert_int_eq(place.missing, missing);
	ck_assert_str_eq(place.function, function);
	ck_assert_str_eq(place.driver, driver);
	ck_assert_str_eq(place.netdev, netdev);
}

START_TEST(test_no_pf)
{
	look("enp9s0", 3);
	place_is(KERNEL_VF_NO_PF, "", "", "");
	ck_assert(!place.capable);
	ck_assert_uint_eq(place.total, 0);
	/* a device that nothing is behind, as of a veth */
	folder("class/net/veth0");
	look("veth0", 0);
	place_is(KERNEL_VF_NO_PF, "", "", "");
	ck_assert(!place.capable);
}
END_TEST

START_TEST(test_no_function)
{
	look("enp1s0", 2);
	place_is(KERNEL_VF_NO_FUNCTION, "", "", "");
	ck_assert(place.capable);
	ck_assert_uint_eq(place.total, 63);
	/* the link is there a moment longer than what it leads to */
	to(PF "/virtfn2", "../0000:01:10.4");
	look("enp1s0", 2);
	place_is(KERNEL_VF_NO_FUNCTION, "", "", "");
	/* 3 is not 31 */
	look("enp1s0", 31);
	place_is(KERNEL_VF_NO_FUNCTION, "", "", "");
}
END_TEST

/* Step by step, as a driver is bound; and back. */
START_TEST(test_steps)
{
	look("enp1s0", 3);
	place_is(KERNEL_VF_NO_DRIVER, "0000:01:10.6", "", "");
	to(VF3 "/driver", "../../../drivers/ixgbevf");
	look("enp1s0", 3);
	place_is(KERNEL_VF_NO_NETDEV, "0000:01:10.6", "ixgbevf", "");
	folder(VF3 "/net");
	look("enp1s0", 3);
	place_is(KERNEL_VF_NO_NETDEV, "0000:01:10.6", "ixgbevf", "");
	folder(VF3 "/net/eth0");
	look("enp1s0", 3);
	place_is(KERNEL_VF_COMPLETE, "0000:01:10.6", "ixgbevf", "eth0");
	drop(VF3 "/net/eth0");
	folder(VF3 "/net/enp1s0v3");
	look("enp1s0", 3);
	place_is(KERNEL_VF_COMPLETE, "0000:01:10.6", "ixgbevf", "enp1s0v3");
	drop(VF3 "/net/enp1s0v3");
	drop(VF3 "/net");
	drop(VF3 "/driver");
	look("enp1s0", 3);
	place_is(KERNEL_VF_NO_DRIVER, "0000:01:10.6", "", "");
}
END_TEST

/* Of several the same one always, and never a name that is none. */
START_TEST(test_names)
{
	to(VF3 "/driver", "../../../drivers/ixgbevf");
	folder(VF3 "/net/p2");
	folder(VF3 "/net/p1");
	folder(VF3 "/net/.hidden");
	look("enp1s0", 3);
	place_is(KERNEL_VF_COMPLETE, "0000:01:10.6", "ixgbevf", "p1");
	drop(VF3 "/net/p1");
	drop(VF3 "/net/p2");
	folder(VF3 "/net/much-longer-than-a-device");
	look("enp1s0", 3);
	place_is(KERNEL_VF_NO_NETDEV, "0000:01:10.6", "ixgbevf", "");
}
END_TEST

START_TEST(test_numbers)
{
	file(PF "/sriov_totalvfs", "not a number\n");
	look("enp1s0", 3);
	ck_assert(place.capable); /* it has the other file */
	ck_assert_uint_eq(place.total, 0);
	drop(PF "/sriov_totalvfs");
	look("enp1s0", 3);
	ck_assert(place.capable);
	file(PF "/sriov_numvfs", "");
	look("enp1s0", 3);
	ck_assert(!place.capable);
	file(PF "/sriov_totalvfs", "99999999999999999999\n");
	look("enp1s0", 3);
	ck_assert(!place.capable);
}
END_TEST

/* What cannot be read is no answer. */
START_TEST(test_unreadable)
{
	char deep[PATH_MAX + 8];

	memset(deep, 'x', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	place.total = 7;
	ck_assert_int_eq(vf_look(deep, "enp1s0", 3, &place), -ENAMETOOLONG);
	drop("class/net/enp1s0");
	to("class/net/enp1s0", "enp1s0");
	ck_assert_int_eq(vf_look(root, "enp1s0", 3, &place), -ELOOP);
	drop("class/net/enp1s0");
	to("class/net/enp1s0", "../../" PF "/net/enp1s0");
	to(PF "/virtfn5", "virtfn5");
	ck_assert_int_eq(vf_look(root, "enp1s0", 5, &place), -ELOOP);
	to(VF3 "/driver", "../../../drivers/ixgbevf");
	to(VF3 "/net", "net");
	ck_assert_int_eq(vf_look(root, "enp1s0", 3, &place), -ELOOP);
	ck_assert_uint_eq(place.total, 7); /* written on success alone */
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("vf_sysfs", &t);

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_no_pf);
	tcase_add_test(t, test_no_function);
	tcase_add_test(t, test_steps);
	tcase_add_test(t, test_names);
	tcase_add_test(t, test_numbers);
	tcase_add_test(t, test_unreadable);
	return unit_run(s);
}
