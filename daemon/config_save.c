/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A vnet as a configuration file. */
#include <errno.h>

#include "config_files.h"
#include "config_unit.h"
#include "file.h"

#define FILE_MODE 0644 /* nothing in it is secret, and an operator wants to read it */
#define COMMENT	  "# Written by vnetctl save.\n"

static void free_unit(struct config_unit **u)
{
	config_unit_free(*u);
}

/* Only what differs from the default, so that the file says what was meant. */
static void write_settings(FILE *f, const struct setting *table, const void *settings,
			   const void *defaults)
{
	char value[SETTINGS_TEXT_SIZE], usual[SETTINGS_TEXT_SIZE];

	for (const struct setting *s = table; s->key; s++) {
		s->format(settings, value);
		s->format(defaults, usual);
		if (value[0] && !util_same(value, usual))
			fprintf(f, "%s=%s\n", s->config, value);
	}
}

/* 0 or -ENOMEM. */
static int finish(FILE *f)
{
	bool failed = ferror(f);

	return fclose(f) || failed ? -ENOMEM : 0;
}

static void write_flows(FILE *f, const struct desired_flows *flows)
{
	struct flow_settings usual;

	settings_flow_default(&usual);
	for (size_t i = 0; i < flows->count; i++) {
		fprintf(f, "\n[Flow %s]\n", flows->flow[i].name);
		write_settings(f, settings_flow, &flows->flow[i].settings, &usual);
	}
}

static int compose_uplink(const struct desired_uplink *u, char **ret, size_t *ret_len)
{
	struct uplink_settings usual;
	UTIL_FREE char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return -ENOMEM;
	settings_uplink_default(&usual);
	fprintf(f, COMMENT "\n[Uplink %s]\n", u->name);
	write_settings(f, settings_uplink, &u->settings, &usual);
	write_flows(f, &u->flows);
	if (finish(f))
		return -ENOMEM;
	*ret = UTIL_TAKE_PTR(text);
	*ret_len = len;
	return 0;
}

static int compose(const struct desired_vnet *v, char **ret, size_t *ret_len)
{
	struct vnet_settings vnet_default;
	struct resource_settings resource_default;
	UTIL_FREE char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return -ENOMEM;
	settings_vnet_default(&vnet_default);
	settings_resource_default(&resource_default);
	fprintf(f, COMMENT "\n[VNet]\nName=%s\n", v->name);
	write_settings(f, settings_vnet, &v->settings, &vnet_default);
	for (size_t i = 0; i < v->resource_count; i++) {
		fprintf(f, "\n[Resource %s]\n", v->resources[i].name);
		write_settings(f, settings_resource, &v->resources[i].settings, &resource_default);
	}
	write_flows(f, &v->flows);
	if (finish(f))
		return -ENOMEM;
	*ret = UTIL_TAKE_PTR(text);
	*ret_len = len;
	return 0;
}

static bool same_settings(const struct setting *table, const void *a, const void *b)
{
	char text_a[SETTINGS_TEXT_SIZE], text_b[SETTINGS_TEXT_SIZE];

	for (const struct setting *s = table; s->key; s++) {
		s->format(a, text_a);
		s->format(b, text_b);
		if (!util_same(text_a, text_b))
			return false;
	}
	return true;
}

static bool same_flows(const struct desired_flows *a, const struct desired_flows *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!util_same(a->flow[i].name, b->flow[i].name) ||
		    !same_settings(settings_flow, &a->flow[i].settings, &b->flow[i].settings))
			return false;
	return true;
}

/* A file that was just made has the resources in the same order; drop-ins may only add to them. */
static bool same_vnet(const struct desired_vnet *a, const struct desired_vnet *b)
{
	if (!util_same(a->name, b->name) || a->resource_count != b->resource_count ||
	    !same_settings(settings_vnet, &a->settings, &b->settings) ||
	    !same_flows(&a->flows, &b->flows))
		return false;
	for (size_t i = 0; i < a->resource_count; i++)
		if (!util_same(a->resources[i].name, b->resources[i].name) ||
		    !same_settings(settings_resource, &a->resources[i].settings,
				   &b->resources[i].settings))
			return false;
	return true;
}

/* Keeps the first complaint. */
static void on_complaint(void *context, const char *file, unsigned int line, const char *message)
{
	struct error *first = context;

	if (first->kind == ERROR_NONE)
		error_set(first, ERROR_INVALID, EINVAL, NULL, NULL, "%s", message);
}

/* A device name that ends in a backslash, for one, is right and yet cannot stand in a file. */
static int check_text(struct config_unit *u, const struct desired_vnet *v, const char *path,
		      const char *text, size_t len, const struct error *first, struct error *e)
{
	int r = config_unit_parse(u, path, text, len);

	if (r < 0)
		return error_set(e, ERROR_FAILED, -r, v->name, NULL, "%s cannot be saved: %s",
				 v->name, strerror(-r));
	if (!u->complaints && same_vnet(&u->vnet, v))
		return 0;
	return error_set(
		e, ERROR_INVALID, EINVAL, v->name, NULL,
		"%s cannot be saved: a configuration file cannot hold one of its values%s%s",
		v->name, first->message[0] ? ": " : "", first->message);
}

/* With its drop-ins, would the file be read as what is to be saved? */
static int check_drop_ins(struct config_unit *u, const struct desired_vnet *v, const char *dir,
			  struct config_file **drop_ins, struct error *e)
{
	char folder[SETTINGS_NAME_SIZE + sizeof(".vnet.d")];
	int r;

	snprintf(folder, sizeof(folder), "%s.vnet.d", v->name);
	r = config_files_add(drop_ins, dir, folder, ".conf");
	config_files_sort(drop_ins);
	for (struct config_file *f = *drop_ins; f && r >= 0; f = f->hh.next)
		r = config_unit_read(u, f->path);
	if (r < 0)
		return error_set(e, ERROR_FAILED, -r, v->name, NULL,
				 "%s cannot be saved: reading %s/%s failed: %s", v->name, dir,
				 folder, strerror(-r));
	if (!u->complaints && same_vnet(&u->vnet, v))
		return 0;
	return error_set(
		e, ERROR_EXISTS, EEXIST, v->name, NULL,
		"%s cannot be saved: the drop-ins in %s/%s say otherwise and would outrank "
		"the saved file; remove them first",
		v->name, dir, folder);
}

/* Another file of that name would make the saved one the second, which is refused on reading. */
static int check_other(const struct desired_vnet *v, const struct config_file *f, struct error *e)
{
	UTIL_CLEANUP(free_unit) struct config_unit *u = NULL;
	struct error ignored = { 0 };
	char stem[NAME_MAX + 1];
	int r;

	snprintf(stem, sizeof(stem), "%.*s", (int)(strlen(f->name) - strlen(".vnet")), f->name);
	if (util_same(stem, v->name))
		return 0; /* the file that is to be replaced */
	r = config_unit_new(CONFIG_VNET, stem, on_complaint, &ignored, &u);
	if (r == 0)
		r = config_unit_read(u, f->path);
	if (r < 0)
		return error_set(e, ERROR_FAILED, -r, v->name, NULL, "%s cannot be saved: %s",
				 v->name, strerror(-r));
	if (!util_same(u->vnet.name, v->name))
		return 0;
	return error_set(
		e, ERROR_EXISTS, EEXIST, v->name, NULL,
		"%s cannot be saved as %s.vnet: it is configured in %s; change it there, or "
		"rename that file",
		v->name, v->name, f->path);
}

static int check_others(const struct desired_vnet *v, const char *dir, struct error *e)
{
	UTIL_CLEANUP(config_files_clear) struct config_file *files = NULL;
	int r = config_files_add(&files, dir, NULL, ".vnet");

	if (r < 0)
		return error_set(e, ERROR_FAILED, -r, v->name, NULL,
				 "%s cannot be saved: reading the folder %s failed: %s", v->name,
				 dir, strerror(-r));
	for (struct config_file *f = files; f && r == 0; f = f->hh.next)
		r = check_other(v, f, e);
	return r;
}

static int check(const struct desired_vnet *v, const char *dir, const char *path, const char *text,
		 size_t len, struct error *e)
{
	UTIL_CLEANUP(config_files_clear) struct config_file *drop_ins = NULL;
	UTIL_CLEANUP(free_unit) struct config_unit *u = NULL;
	struct error first = { 0 };
	int r = config_unit_new(CONFIG_VNET, v->name, on_complaint, &first, &u);

	if (r < 0)
		return error_set(e, ERROR_FAILED, -r, v->name, NULL, "%s cannot be saved: %s",
				 v->name, strerror(-r));
	r = check_text(u, v, path, text, len, &first, e);
	if (r == 0)
		r = check_others(v, dir, e);
	if (r == 0)
		r = check_drop_ins(u, v, dir, &drop_ins, e);
	return r;
}

static int save_failed(const char *name, int err, struct error *e)
{
	return error_set(e, ERROR_FAILED, -err, name, NULL, "%s cannot be saved: %s", name,
			 strerror(-err));
}

/* As check_text(). */
static int check_uplink(const struct desired_uplink *d, const char *path, const char *text,
			size_t len, struct error *e)
{
	UTIL_CLEANUP(free_unit) struct config_unit *u = NULL;
	struct error first = { 0 };
	int r = config_unit_new(CONFIG_UPLINK, d->name, on_complaint, &first, &u);

	if (r == 0)
		r = config_unit_parse(u, path, text, len);
	if (r < 0)
		return save_failed(d->name, r, e);
	if (!u->complaints && util_same(u->vnet.name, d->name) &&
	    same_settings(settings_uplink, &u->uplink.settings, &d->settings) &&
	    same_flows(&u->uplink.flows, &d->flows))
		return 0;
	return error_set(
		e, ERROR_INVALID, EINVAL, d->name, NULL,
		"%s cannot be saved: a configuration file cannot hold one of its values%s%s",
		d->name, first.message[0] ? ": " : "", first.message);
}

int config_save_uplink(const char *dir, const struct desired_uplink *u, struct error *e)
{
	UTIL_FREE char *text = NULL, *path = NULL;
	size_t len;
	int r = compose_uplink(u, &text, &len);

	if (r == 0 && asprintf(&path, "%s/%s.uplink", dir, u->name) < 0) {
		path = NULL;
		r = -ENOMEM;
	}
	if (r < 0)
		return save_failed(u->name, r, e);
	r = check_uplink(u, path, text, len, e);
	if (r < 0)
		return r;
	r = file_replace(path, text, len, FILE_MODE);
	if (r < 0)
		return error_set(e, ERROR_FAILED, -r, u->name, NULL,
				 "%s cannot be saved: writing the file %s failed: %s", u->name,
				 path, strerror(-r));
	return 0;
}

int config_save(const char *dir, const struct desired_vnet *v, struct error *e)
{
	UTIL_FREE char *text = NULL, *path = NULL;
	size_t len;
	int r = compose(v, &text, &len);

	if (r == 0 && asprintf(&path, "%s/%s.vnet", dir, v->name) < 0) {
		path = NULL;
		r = -ENOMEM;
	}
	if (r < 0)
		return save_failed(v->name, r, e);
	r = check(v, dir, path, text, len, e);
	if (r < 0)
		return r;
	r = file_replace(path, text, len, FILE_MODE);
	if (r < 0)
		return error_set(e, ERROR_FAILED, -r, v->name, NULL,
				 "%s cannot be saved: writing the file %s failed: %s", v->name,
				 path, strerror(-r));
	return 0;
}
