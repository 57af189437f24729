/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What runs becomes files: what differs is written and nothing else, and it reads back as it runs.
 */
#include <errno.h>
#include <ftw.h>
#include <sys/stat.h>

#include "../../daemon/config.h"
#include "../../daemon/save.h"
#include "world_provide.h"

#define WRITTEN "# Written by vnetctl save.\n\n"

static struct world *w;
static char folder[] = "/tmp/vnet-save-XXXXXX";
static char etc[64], run[64];
static struct json_object *saved;

static void folder_make(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(etc, sizeof(etc), "%s/etc", folder);
	snprintf(run, sizeof(run), "%s/run", folder);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static void folder_remove(void)
{
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void setup(void)
{
	nftw(etc, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	nftw(run, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	ck_assert_int_eq(mkdir(etc, 0755), 0);
	ck_assert_int_eq(mkdir(run, 0755), 0);
	w = world_new();
	saved = json_object_new_array();
}

static void teardown(void)
{
	world_check(w);
	world_free(w);
	json_object_put(saved);
}

/* --- files --- */

static const char *const *folders(void)
{
	static const char *all[3];

	all[0] = etc;
	all[1] = run;
	return all;
}

static void write_file(const char *dir, const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	ck_assert_msg(file, "%s", path);
	fputs(text, file);
	ck_assert_int_eq(fclose(file), 0);
}

static void file_is(const char *name, const char *text)
{
	char path[128], buffer[4096];
	size_t n = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", etc, name);
	file = fopen(path, "r");
	if (file) {
		n = fread(buffer, 1, sizeof(buffer) - 1, file);
		fclose(file);
	}
	buffer[n] = '\0';
	ck_assert_str_eq(buffer, text);
}

static void complain(void *context, const char *file, unsigned int line, const char *message)
{
	ck_abort_msg("%s:%u: %s", file, line, message);
}

static void reload(void)
{
	struct config_refused refused = { 0 };
	struct desired config = { 0 };

	ck_assert_int_eq(config_load(folders(), &config, &refused, complain, NULL), 0);
	world_done(w, manager_configure(w->m, &config, &refused, &w->e));
	desired_clear(&config);
	config_refused_clear(&refused);
}

static int save(void)
{
	json_object_put(saved);
	saved = json_object_new_array();
	w->e = (struct error) { 0 };
	return save_vnets(w->m, folders(), saved, &w->e);
}

/* @names: of what is expected to be written, with commas */
static void saves(const char *names)
{
	char text[256] = "", path[128];

	world_done(w, save());
	for (size_t i = 0; i < json_object_array_length(saved); i++) {
		const char *at = json_object_get_string(json_object_array_get_idx(saved, i));

		snprintf(path, sizeof(path), "%s/", etc);
		ck_assert_int_eq(strncmp(at, path, strlen(path)), 0);
		strcat(strcat(text, i ? "," : ""), at + strlen(path));
	}
	ck_assert_str_eq(text, names);
}

/* What was saved is what runs: a reload finds nothing to do, nor does another save. */
static void is_settled(void)
{
	char *before, *after;

	saves("");
	world_done(w, manager_save(w->m, &w->e));
	before = world_text(w);
	world_forget_journal(w);
	reload();
	after = world_text(w);
	world_same("reload after save", before, after);
	ck_assert_str_eq(w->k->journal, "");
	free(before);
	free(after);
}

/* --- tests --- */

START_TEST(test_nothing)
{
	saves("");
	is_settled();
}
END_TEST

START_TEST(test_all)
{
	world_usual(w);
	world_vnet(w, "v2", "address", "02:00:00:00:00:12", "mtu", "2000", "guard", "off");
	saves("vnet0.vnet,v2.vnet");
	file_is("v2.vnet",
		WRITTEN "[VNet]\nName=v2\nAddress=02:00:00:00:00:12\nMTU=2000\nGuard=off\n");
	is_settled();
	ck_assert(world_find_resource(w, "vnet0", "h2")->from_config);
	manager_settle(w->m);
	ck_assert_ptr_nonnull(strstr(w->kept, "\"from_config\": true"));
}
END_TEST

/* A chosen address is part of what runs. */
START_TEST(test_random_address)
{
	char text[128], mac[MAC_TEXT_SIZE];

	world_vnet(w, "v");
	saves("v.vnet");
	snprintf(text, sizeof(text), WRITTEN "[VNet]\nName=v\nAddress=%s\n",
		 mac_format(world_find(w, "v")->settings.address, mac));
	file_is("v.vnet", text);
	is_settled();
}
END_TEST

START_TEST(test_differences)
{
	world_usual(w);
	world_vnet(w, "v2", "address", "02:00:00:00:00:12");
	saves("vnet0.vnet,v2.vnet");
	world_set(w, "v2", "guard", "off");
	saves("v2.vnet");
	is_settled();
	world_resource_set(w, "vnet0", "h1", "priority", "44");
	saves("vnet0.vnet");
	is_settled();
	world_resource(w, "vnet0", "x", "type", "guest", "device", "x0", "peer",
		       "02:00:00:00:00:0f", "vlans", "4-6");
	saves("vnet0.vnet");
	is_settled();
	world_resource_del(w, "vnet0", "g");
	saves("vnet0.vnet");
	is_settled();
	ck_assert_uint_eq(manager_resource_count(w->m), 4);
	world_rename(w, "h10", "a-long-name-0");
	world_rename(w, "a-long-name-0", "u");
	saves("vnet0.vnet");
	is_settled();
}
END_TEST

/* A file that was edited and not yet reloaded is not overwritten for what runs as it was. */
START_TEST(test_edited)
{
	world_vnet(w, "v", "address", "02:00:00:00:00:12");
	saves("v.vnet");
	write_file(etc, "v.vnet", "[VNet]\nName=v\nAddress=02:00:00:00:00:12\nMTU=1600\n");
	saves("");
	reload();
	ck_assert_uint_eq(world_find(w, "v")->settings.mtu, 1600);
	is_settled();
}
END_TEST

/* A file of a lower folder is not touched; the saved one hides it. */
START_TEST(test_other_folder)
{
	write_file(run, "v.vnet", "[VNet]\nName=v\nAddress=02:00:00:00:00:12\n");
	reload();
	world_set(w, "v", "mtu", "1700");
	saves("v.vnet");
	is_settled();
	file_is("v.vnet", WRITTEN "[VNet]\nName=v\nAddress=02:00:00:00:00:12\nMTU=1700\n");
}
END_TEST

START_TEST(test_drop_in)
{
	char dir[96], message[512];

	write_file(etc, "v.vnet", "[VNet]\nName=v\nAddress=02:00:00:00:00:12\n");
	snprintf(dir, sizeof(dir), "%s/v.vnet.d", run);
	ck_assert_int_eq(mkdir(dir, 0755), 0);
	write_file(dir, "mtu.conf", "[VNet]\nMTU=1800\n");
	reload();
	ck_assert_uint_eq(world_find(w, "v")->settings.mtu, 1800);
	saves("");
	/* the drop-in agrees with what is written */
	world_set(w, "v", "guard", "off");
	saves("v.vnet");
	is_settled();
	/* and now it does not */
	world_set(w, "v", "mtu", "1900");
	snprintf(message, sizeof(message),
		 "v: %s/v.vnet was written, but a drop-in in v.vnet.d or another file of the same "
		 "vnet says something else; change that by hand",
		 etc);
	world_refused(w, save(), ERROR_BUSY, EBUSY, "v", "", message);
	ck_assert_uint_eq(world_find(w, "v")->base.mtu, 1800);
	ck_assert_uint_eq(world_find(w, "v")->settings.mtu, 1900);
}
END_TEST

START_TEST(test_same_vnet_in_another_file)
{
	char message[512];

	write_file(etc, "other.vnet", "[VNet]\nName=v\nAddress=02:00:00:00:00:12\n");
	reload();
	saves("");
	world_set(w, "v", "mtu", "1900");
	snprintf(message, sizeof(message),
		 "v cannot be saved as v.vnet: it is configured in %s/other.vnet; change it there, "
		 "or rename that file",
		 etc);
	world_refused(w, save(), ERROR_EXISTS, EEXIST, "v", "", message);
	file_is("v.vnet", "");
}
END_TEST

START_TEST(test_cannot_write)
{
	world_usual(w);
	nftw(etc, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	write_file(folder, "etc", "a file where the folder should be\n");
	ck_assert_int_ne(save(), 0);
	ck_assert_int_eq(w->e.kind, ERROR_FAILED);
	ck_assert_str_eq(w->e.object, "vnet0");
	ck_assert_ptr_nonnull(strstr(w->e.message, etc));
	ck_assert_uint_eq(json_object_array_length(saved), 0);
	ck_assert(!world_find(w, "vnet0")->from_config);
	ck_assert_int_eq(remove(etc), 0);
}
END_TEST

/* What a program brought is in no file, and does not make a file another one. */
START_TEST(test_provided)
{
	struct provider p = world_provider(SETTINGS_HYBRID, NULL);

	world_vnet(w, "vnet0", "address", WORLD_MAC, "owner", "ann");
	world_provide(w, &p);
	saves("vnet0.vnet");
	file_is("vnet0.vnet", WRITTEN "[VNet]\nName=vnet0\nAddress=" WORLD_MAC "\nOwner=ann\n");
	is_settled();
	ck_assert(!p.r->from_config);
	world_provider_exit(w, &p);
	is_settled();
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("save", &t);

	tcase_add_unchecked_fixture(t, folder_make, folder_remove);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_nothing);
	tcase_add_test(t, test_all);
	tcase_add_test(t, test_random_address);
	tcase_add_test(t, test_differences);
	tcase_add_test(t, test_edited);
	tcase_add_test(t, test_other_folder);
	tcase_add_test(t, test_drop_in);
	tcase_add_test(t, test_same_vnet_in_another_file);
	tcase_add_test(t, test_cannot_write);
	tcase_add_test(t, test_provided);
	return unit_run(s);
}
