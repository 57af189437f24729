/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include <errno.h>

/* Out of memory is an error to be returned and not the end of the daemon. */
#define HASH_NONFATAL_OOM 1
#include "config_files.h"
#include "config_unit.h"

#define DROP_IN_SUFFIX ".conf"

/* A name that some file has, be it a refused one. */
struct name {
	char name[SETTINGS_NAME_SIZE];
	const char *path; /* owned by the list of files */
	enum config_kind kind;
	bool accepted;
	UT_hash_handle hh;
};

struct load {
	const char *const *dirs;
	config_complain complain;
	void *context;
	int complaints;
	struct desired *desired;
	struct config_refused *refused;
	struct name *names; /* owned */
};

static void free_unit(struct config_unit **u)
{
	config_unit_free(*u);
}

static void free_names(struct name **names)
{
	struct name *n, *next;

	HASH_ITER (hh, *names, n, next) {
		HASH_DEL(*names, n);
		free(n);
	}
}

/* All files of that kind in all folders; @ret_bad is the folder that cannot be read. */
static int find_files(const struct load *l, const char *sub, const char *suffix,
		      struct config_file **files, const char **ret_bad)
{
	for (const char *const *dir = l->dirs; *dir; dir++) {
		int r = config_files_add(files, *dir, sub, suffix);

		if (r < 0) {
			*ret_bad = *dir;
			return r;
		}
	}
	config_files_sort(files);
	return 0;
}

/* What cannot be read is a complaint and the end. */
static int find_main_files(struct load *l, enum config_kind kind, struct config_file **files)
{
	const char *bad = "";
	char message[128];
	int r = find_files(l, NULL, config_kind_suffix(kind), files, &bad);

	if (r < 0) {
		snprintf(message, sizeof(message), "the folder cannot be read: %s", strerror(-r));
		l->complain(l->context, bad, 0, message);
	}
	return r;
}

static int read_drop_ins(struct load *l, struct config_unit *u, const char *main_name,
			 struct config_file **files)
{
	char folder[NAME_MAX + sizeof(".d")];
	const char *bad = "";
	int r;

	snprintf(folder, sizeof(folder), "%s.d", main_name);
	r = find_files(l, folder, DROP_IN_SUFFIX, files, &bad);
	if (r < 0 && r != -ENOMEM) {
		config_unit_complain(u, &(struct config_place) { bad, 0 },
				     "the folder %s in it cannot be read: %s", folder,
				     strerror(-r));
		u->name_doubt = true;
		return 0;
	}
	for (struct config_file *f = *files; f && r >= 0; f = f->hh.next)
		r = config_unit_read(u, f->path);
	return r < 0 ? r : 0;
}

/* A name can be in one file only; the first one, in the order of the files' names, has it. */
static int claim_name(struct load *l, struct config_unit *u, const char *path, struct name **ret)
{
	struct name *n;

	HASH_FIND_STR(l->names, u->vnet.name, n);
	if (n) {
		config_unit_complain(u, &u->name_place,
				     "%s is the name of the %s in %s already, expected another %s",
				     n->name, config_kind_name(n->kind), n->path,
				     u->kind == CONFIG_VNET ? "Name=" : "name");
		u->vnet.name[0] = '\0';
		return 0;
	}
	n = calloc(1, sizeof(*n));
	if (!n)
		return -ENOMEM;
	util_copy(n->name, sizeof(n->name), u->vnet.name);
	n->path = path;
	n->kind = u->kind;
	HASH_ADD_STR(l->names, name, n);
	if (!n->hh.tbl) {
		free(n);
		return -ENOMEM;
	}
	*ret = n;
	return 0;
}

static int add_refused(struct config_refused *r, const char *name)
{
	char(*grown)[SETTINGS_NAME_SIZE] = reallocarray(r->names, r->count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	r->names = grown;
	if (util_copy(grown[r->count], sizeof(*grown), name))
		r->count++;
	return 0;
}

/* The file's own name counts as well: until just now it may have been the vnet's. */
static int refuse(struct load *l, const struct config_unit *u)
{
	int r = 0;

	if (!u->named && u->name_doubt)
		l->refused->nameless = true;
	if (u->vnet.name[0])
		r = add_refused(l->refused, u->vnet.name);
	if (r == 0 && !util_same(u->vnet.name, u->stem))
		r = add_refused(l->refused, u->stem);
	return r;
}

/*
 * A drop-in's shorter text leaves the rest of the longer one behind its NUL. What is handed out is
 * plain data that others compare byte by byte, so it is made as if every value was given once.
 */
static void normalise(const struct setting *table, const void *from, void *to)
{
	char text[SETTINGS_TEXT_SIZE];

	for (const struct setting *s = table; s->key; s++) {
		s->format(from, text);
		if (text[0])
			s->parse(to, text);
	}
}

static void take_flows(struct desired_flows *flows)
{
	for (size_t i = 0; i < flows->count; i++) {
		struct desired_flow *f = &flows->flow[i];

		f->from_config = true;
		settings_flow_default(&f->base);
		normalise(settings_flow, &f->settings, &f->base);
		f->settings = f->base;
	}
}

static int take_uplink(struct load *l, struct config_unit *u, struct name *name)
{
	struct desired_uplink *up = desired_add_uplink(l->desired);

	if (!up)
		return -ENOMEM;
	*up = UTIL_TAKE(u->uplink, (struct desired_uplink) { 0 });
	take_flows(&up->flows);
	up->from_config = true;
	settings_uplink_default(&up->base);
	normalise(settings_uplink, &up->settings, &up->base);
	up->settings = up->base;
	name->accepted = true;
	return 0;
}

static int take_unit(struct load *l, struct config_unit *u, struct name *name)
{
	struct desired_vnet *v = desired_add_vnet(l->desired);

	if (!v)
		return -ENOMEM;
	*v = UTIL_TAKE(u->vnet, (struct desired_vnet) { 0 });
	v->from_config = true;
	settings_vnet_default(&v->base);
	normalise(settings_vnet, &v->settings, &v->base);
	v->settings = v->base;
	take_flows(&v->flows);
	for (size_t i = 0; i < v->resource_count; i++) {
		struct desired_resource *r = &v->resources[i];

		r->from_config = true;
		settings_resource_default(&r->base);
		normalise(settings_resource, &r->settings, &r->base);
		r->settings = r->base;
	}
	name->accepted = true;
	return 0;
}

static int finish_unit(struct load *l, struct config_unit *u, const char *path)
{
	struct name *name = NULL;
	int r = config_unit_check(u);

	if (r == 0 && u->vnet.name[0])
		r = claim_name(l, u, path, &name);
	if (r < 0)
		return r;
	l->complaints += (int)u->complaints;
	if (u->complaints || !name)
		return refuse(l, u);
	return u->kind == CONFIG_UPLINK ? take_uplink(l, u, name) : take_unit(l, u, name);
}

static int load_unit(struct load *l, enum config_kind kind, const struct config_file *main_file)
{
	UTIL_CLEANUP(config_files_clear) struct config_file *drop_ins = NULL;
	UTIL_CLEANUP(free_unit) struct config_unit *u = NULL;
	char stem[NAME_MAX + 1];
	int r;

	snprintf(stem, sizeof(stem), "%.*s",
		 (int)(strlen(main_file->name) - strlen(config_kind_suffix(kind))),
		 main_file->name);
	r = config_unit_new(kind, stem, l->complain, l->context, &u);
	if (r < 0)
		return r;
	r = config_unit_read(u, main_file->path);
	if (r <= 0)
		return r; /* 0: masked */
	r = read_drop_ins(l, u, main_file->name, &drop_ins);
	return r < 0 ? r : finish_unit(l, u, main_file->path);
}

/* What a good file has is not left alone, whatever another file of that name looks like. */
static void drop_accepted(struct load *l)
{
	struct config_refused *r = l->refused;
	size_t kept = 0;

	for (size_t i = 0; i < r->count; i++) {
		struct name *n;

		HASH_FIND_STR(l->names, r->names[i], n);
		if (n && n->accepted)
			continue;
		memmove(r->names[kept++], r->names[i], sizeof(*r->names));
	}
	r->count = kept;
}

/* They hold the paths that complaints name. */
struct lists {
	struct config_file *of[CONFIG_KINDS];
};

static void clear_lists(struct lists *files)
{
	for (size_t i = 0; i < CONFIG_KINDS; i++)
		config_files_clear(&files->of[i]);
}

int config_load(const char *const *dirs, struct desired *ret, struct config_refused *refused,
		config_complain complain, void *context)
{
	UTIL_CLEANUP(clear_lists) struct lists files = { 0 };
	UTIL_CLEANUP(desired_clear) struct desired desired = { 0 };
	UTIL_CLEANUP(config_refused_clear) struct config_refused left = { 0 };
	UTIL_CLEANUP(free_names) struct name *names = NULL;
	struct load l = {
		.dirs = dirs,
		.complain = complain,
		.context = context,
		.desired = &desired,
		.refused = &left,
	};
	enum config_kind kind;
	int r = 0;

	for (kind = 0; kind < CONFIG_KINDS && r >= 0; kind++) {
		r = find_main_files(&l, kind, &files.of[kind]);
		for (struct config_file *f = files.of[kind]; f && r >= 0; f = f->hh.next)
			r = load_unit(&l, kind, f);
	}
	names = l.names;
	if (r < 0)
		return r;
	drop_accepted(&l);
	*ret = UTIL_TAKE(desired, (struct desired) { 0 });
	*refused = UTIL_TAKE(left, (struct config_refused) { 0 });
	return l.complaints;
}

void config_refused_clear(struct config_refused *r)
{
	free(r->names);
	*r = (struct config_refused) { 0 };
}
