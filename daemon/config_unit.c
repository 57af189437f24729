/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <limits.h>

/* Out of memory is an error to be returned and not the end of the daemon. */
#define HASH_NONFATAL_OOM 1
#include "config_unit.h"
#include "file.h"
#include "ini.h"

#define FILE_BYTES_MAX	    (1024 * 1024)
#define RESOURCE_WORD	    "Resource"
#define UPLINK_WORD	    "Uplink"
#define FLOW_WORD	    "Flow"
#define SHOWN_BYTES_MAX	    80 /* of what the file has, in a message */
#define MESSAGE_BYTES_MAX   512
#define EXPECTED_KEYS_BYTES 420

static const struct {
	const char *suffix, *name;
	const char *expected; /* sections */
	const struct setting *table;
} kinds[CONFIG_KINDS] = {
	[CONFIG_VNET] = { ".vnet", "vnet", "expected [VNet], [Resource NAME] or [Flow NAME]",
			  settings_vnet },
	[CONFIG_UPLINK] = { ".uplink", "uplink", "expected [Uplink NAME] or [Flow NAME]",
			    settings_uplink },
};

const char *config_kind_suffix(enum config_kind kind)
{
	return kinds[kind].suffix;
}

const char *config_kind_name(enum config_kind kind)
{
	return kinds[kind].name;
}

/* The section that is the object itself is being read. */
static bool in_main(const struct config_unit *u)
{
	return u->table == kinds[u->kind].table;
}

static size_t table_size(const struct setting *table)
{
	size_t n = 0;

	while (table[n].key)
		n++;
	return n;
}

int config_unit_new(enum config_kind kind, const char *stem, config_complain complain,
		    void *context, struct config_unit **ret)
{
	struct config_unit *u = calloc(1, sizeof(*u));
	const struct setting *const tables[] = { settings_vnet, settings_resource, settings_uplink,
						 settings_flow };
	size_t most = 0;

	if (!u)
		return -ENOMEM;
	u->kind = kind;
	u->complain = complain;
	u->context = context;
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(tables); i++)
		most = table_size(tables[i]) > most ? table_size(tables[i]) : most;
	u->key_lines_count = most + 1;
	u->key_lines = calloc(u->key_lines_count, sizeof(*u->key_lines));
	if (!u->key_lines) {
		free(u);
		return -ENOMEM;
	}
	util_copy(u->stem, sizeof(u->stem), stem);
	settings_vnet_default(&u->vnet.settings);
	settings_uplink_default(&u->uplink.settings);
	*ret = u;
	return 0;
}

void config_unit_free(struct config_unit *u)
{
	struct config_section *s, *next = NULL;

	if (!u)
		return;
	HASH_ITER (hh, u->flows, s, next) {
		HASH_DEL(u->flows, s);
		free(s);
	}
	desired_flows_clear(&u->vnet.flows);
	desired_flows_clear(&u->uplink.flows);
	HASH_ITER (hh, u->sections, s, next) {
		HASH_DEL(u->sections, s);
		free(s);
	}
	free(u->vnet.resources);
	free(u->key_lines);
	free(u);
}

void config_unit_complain(struct config_unit *u, const struct config_place *place,
			  const char *format, ...)
{
	char message[MESSAGE_BYTES_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	u->complaints++;
	u->complain(u->context, place->file, place->line, message);
}

#define complain_line(u, at, ...)                                                                  \
	config_unit_complain(u, &(struct config_place) { (u)->file, at }, __VA_ARGS__)

/* What the file has, short enough for a message and never cut within a character. */
static const char *shown(const char *text, char buffer[SHOWN_BYTES_MAX])
{
	const size_t room = SHOWN_BYTES_MAX - sizeof("...");
	size_t len = strlen(text);

	if (len < SHOWN_BYTES_MAX) {
		memcpy(buffer, text, len + 1);
		return buffer;
	}
	len = room;
	while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	snprintf(buffer, SHOWN_BYTES_MAX, "%.*s...", (int)len, text);
	return buffer;
}

/* The header as it is written, for messages. */
static const char *section_label(const struct config_unit *u, char buffer[SHOWN_BYTES_MAX])
{
	if (in_main(u))
		return u->kind == CONFIG_VNET ? "[VNet]" : "[" UPLINK_WORD "]";
	snprintf(buffer, SHOWN_BYTES_MAX, "[%s %s]",
		 u->table == settings_flow ? FLOW_WORD : RESOURCE_WORD,
		 u->section ? u->section->name : "...");
	return buffer;
}

static void begin_section(struct config_unit *u, const struct setting *table, void *settings,
			  struct config_section *section)
{
	u->in_section = true;
	u->any_section = true;
	u->table = table;
	u->settings = settings;
	u->section = section;
	memset(u->key_lines, 0, u->key_lines_count * sizeof(*u->key_lines));
}

static void begin_main(struct config_unit *u, unsigned int line, const char *header)
{
	if (u->main_in_file)
		complain_line(u, line, "there is a second section [%s], the first is in line %u",
			      header, u->main_in_file);
	else
		u->main_in_file = line;
	if (!u->place.line)
		u->place = (struct config_place) { u->file, line };
	begin_section(u, kinds[u->kind].table,
		      u->kind == CONFIG_VNET ? (void *)&u->vnet.settings : &u->uplink.settings,
		      NULL);
}

/* The section @name from an earlier file, or a new one; NULL: no memory. */
static struct config_section *find_section(struct config_unit *u, const char *name,
					   unsigned int line)
{
	struct config_section *s;
	struct desired_resource *r;

	HASH_FIND_STR(u->sections, name, s);
	if (s)
		return s;
	s = calloc(1, sizeof(*s));
	r = s ? desired_add_resource(&u->vnet) : NULL;
	if (!r) {
		free(s);
		return NULL;
	}
	util_copy(s->name, sizeof(s->name), name);
	util_copy(r->name, sizeof(r->name), name);
	settings_resource_default(&r->settings);
	s->place = (struct config_place) { u->file, line };
	s->index = u->vnet.resource_count - 1;
	HASH_ADD_STR(u->sections, name, s);
	if (!s->hh.tbl) {
		free(s);
		return NULL;
	}
	return s;
}

/* A refused section's values are still looked at, so that one run tells all that is wrong. */
static void begin_refused(struct config_unit *u)
{
	settings_resource_default(&u->spare);
	begin_section(u, settings_resource, &u->spare, NULL);
}

static void begin_resource(struct config_unit *u, unsigned int line, const char *name)
{
	struct config_section *s;
	struct error e = { 0 };

	if (settings_check_name("resource", name, DESIRED_RESOURCE_NAME_SIZE, &e) < 0) {
		complain_line(u, line, "%s", e.message);
		begin_refused(u);
		return;
	}
	s = find_section(u, name, line);
	if (!s) {
		u->failed = -ENOMEM;
		begin_refused(u);
		return;
	}
	if (s->in_file == u->files) {
		complain_line(u, line,
			      "there is a second section [" RESOURCE_WORD " %s], the first is in "
			      "line %u",
			      name, s->place.line);
		begin_refused(u);
		return;
	}
	s->in_file = u->files;
	begin_section(u, settings_resource, &u->vnet.resources[s->index].settings, s);
}

struct desired_flows *config_unit_flows(struct config_unit *u)
{
	return u->kind == CONFIG_VNET ? &u->vnet.flows : &u->uplink.flows;
}

/* As find_section(). */
static struct config_section *find_flow(struct config_unit *u, const char *name, unsigned int line)
{
	struct config_section *s;
	struct desired_flow *f;

	HASH_FIND_STR(u->flows, name, s);
	if (s)
		return s;
	s = calloc(1, sizeof(*s));
	f = s ? desired_add_flow(config_unit_flows(u)) : NULL;
	if (!f) {
		free(s);
		return NULL;
	}
	util_copy(s->name, sizeof(s->name), name);
	util_copy(f->name, sizeof(f->name), name);
	settings_flow_default(&f->settings);
	s->place = (struct config_place) { u->file, line };
	s->index = config_unit_flows(u)->count - 1;
	HASH_ADD_STR(u->flows, name, s);
	if (!s->hh.tbl) {
		free(s);
		return NULL;
	}
	return s;
}

static void begin_flow(struct config_unit *u, unsigned int line, const char *name)
{
	struct config_section *s = NULL;
	struct error e = { 0 };

	if (settings_check_name("flow", name, DESIRED_RESOURCE_NAME_SIZE, &e) < 0)
		complain_line(u, line, "%s", e.message);
	else if (!(s = find_flow(u, name, line)))
		u->failed = -ENOMEM;
	if (s && s->in_file == u->files) {
		complain_line(u, line,
			      "there is a second section [" FLOW_WORD
			      " %s], the first is in line %u",
			      name, s->place.line);
		s = NULL;
	}
	if (!s) { /* its values are still looked at */
		settings_flow_default(&u->spare_flow);
		begin_section(u, settings_flow, &u->spare_flow, NULL);
		return;
	}
	s->in_file = u->files;
	begin_section(u, settings_flow, &config_unit_flows(u)->flow[s->index].settings, s);
}

/* "Resource NAME" to NAME; NULL: it is something else. */
static const char *name_behind(const char *header, const char *word)
{
	const size_t len = strlen(word);

	if (strncmp(header, word, len) != 0 || !header[len + strspn(header + len, " \t")])
		return NULL;
	return header[len] == ' ' || header[len] == '\t'
		       ? header + len + strspn(header + len, " \t")
		       : NULL;
}

static void take_name(struct config_unit *u, unsigned int line, const char *name)
{
	struct error e = { 0 };

	u->name_place = (struct config_place) { u->file, line };
	if (settings_check_name(kinds[u->kind].name, name, SETTINGS_NAME_SIZE, &e) < 0) {
		complain_line(u, line, "%s", e.message);
		u->name_doubt = true;
		return;
	}
	util_copy(u->vnet.name, sizeof(u->vnet.name), name);
	u->named = true;
}

static void begin_uplink(struct config_unit *u, unsigned int line, const char *name)
{
	if (name && u->named && !util_same(name, u->vnet.name))
		complain_line(u, line,
			      "the section [" UPLINK_WORD " %s] is another uplink's, the first in "
			      "the file is %s, expected a file for each",
			      name, u->vnet.name);
	else if (name)
		take_name(u, line, name);
	begin_main(u, line, UPLINK_WORD);
}

/* False: the kind of file has no such section. */
static bool begin_known(struct config_unit *u, unsigned int line, const char *header)
{
	bool is_vnet = u->kind == CONFIG_VNET;

	if (is_vnet && util_same(header, "VNet"))
		begin_main(u, line, header);
	else if (is_vnet && name_behind(header, RESOURCE_WORD))
		begin_resource(u, line, name_behind(header, RESOURCE_WORD));
	else if (name_behind(header, FLOW_WORD))
		begin_flow(u, line, name_behind(header, FLOW_WORD));
	else if (!is_vnet && (util_same(header, UPLINK_WORD) || name_behind(header, UPLINK_WORD)))
		begin_uplink(u, line, name_behind(header, UPLINK_WORD));
	else
		return false;
	return true;
}

static void on_section(void *context, unsigned int line, const char *header)
{
	struct config_unit *u = context;
	char buffer[SHOWN_BYTES_MAX];

	if (header && begin_known(u, line, header))
		return;
	if (header)
		complain_line(u, line, "the section [%s] is unknown, %s", shown(header, buffer),
			      kinds[u->kind].expected);
	u->name_doubt = true;
	begin_section(u, NULL, NULL, NULL);
}

/* "Name, Address, MTU" */
static void list_keys(const struct setting *table, char buffer[EXPECTED_KEYS_BYTES])
{
	size_t used = 0;

	buffer[0] = '\0';
	if (table == settings_vnet)
		used = (size_t)snprintf(buffer, EXPECTED_KEYS_BYTES, "Name");
	for (size_t i = 0; table[i].key && used < EXPECTED_KEYS_BYTES; i++)
		used += (size_t)snprintf(buffer + used, EXPECTED_KEYS_BYTES - used, "%s%s",
					 used ? ", " : "", table[i].config);
}

static void mark_bad(struct config_unit *u)
{
	if (u->section)
		u->section->bad = true;
	else if (in_main(u))
		u->bad = true;
}

/* Within one file a key counts once; a drop-in is another file and may set it again. */
static bool is_first(struct config_unit *u, unsigned int line, size_t row, const char *key)
{
	char label[SHOWN_BYTES_MAX];

	if (!u->key_lines[row]) {
		u->key_lines[row] = line;
		return true;
	}
	complain_line(u, line, "%s= in section %s is given twice, the first time in line %u", key,
		      section_label(u, label), u->key_lines[row]);
	mark_bad(u);
	return false;
}

static void set_name(struct config_unit *u, unsigned int line, const char *value)
{
	if (is_first(u, line, u->key_lines_count - 1, "Name"))
		take_name(u, line, value);
}

static void set_value(struct config_unit *u, unsigned int line, const struct setting *s,
		      const char *value)
{
	char text[SHOWN_BYTES_MAX], label[SHOWN_BYTES_MAX];

	if (u->section) {
		u->section->has_type |= util_same(s->key, "type");
		u->section->has_device |= util_same(s->key, "device") ||
					  util_same(s->key, "peer_vnet") ||
					  util_same(s->key, "pf") || util_same(s->key, "uplink");
	}
	if (!is_first(u, line, (size_t)(s - u->table), s->config))
		return;
	if (s->parse(u->settings, value) == 0)
		return;
	mark_bad(u);
	if (*value)
		complain_line(u, line, "%s=%s in section %s is not %s", s->config,
			      shown(value, text), section_label(u, label), s->expected);
	else
		complain_line(u, line, "%s= in section %s has no value, expected %s", s->config,
			      section_label(u, label), s->expected);
}

static void on_value(void *context, unsigned int line, const char *key, const char *value)
{
	char text[SHOWN_BYTES_MAX], label[SHOWN_BYTES_MAX], keys[EXPECTED_KEYS_BYTES];
	struct config_unit *u = context;
	const struct setting *s;

	if (!u->in_section) {
		complain_line(u, line, "%s= stands outside of any section, %s above it",
			      shown(key, text), kinds[u->kind].expected);
		u->name_doubt = true;
		return;
	}
	if (!u->table)
		return; /* the section's header has been complained about */
	if (u->table == settings_vnet && util_same(key, "Name")) {
		set_name(u, line, value);
		return;
	}
	s = settings_find_config(u->table, key);
	if (s) {
		set_value(u, line, s, value);
		return;
	}
	list_keys(u->table, keys);
	complain_line(u, line, "the key %s is unknown in section %s, expected one of %s",
		      shown(key, text), section_label(u, label), keys);
	if (in_main(u))
		u->name_doubt = true;
	mark_bad(u);
}

static void on_error(void *context, unsigned int line, const char *message)
{
	struct config_unit *u = context;

	complain_line(u, line, "%s", message);
	mark_bad(u);
	if (u->table != settings_resource && u->table != settings_flow)
		u->name_doubt = true;
}

/* Complains; -ENOMEM alone ends the reading. */
static int cannot_read(struct config_unit *u, int error)
{
	if (error == -ENOMEM)
		return error;
	u->name_doubt = true;
	if (error == -EFBIG)
		complain_line(u, 0, "the file is longer than 1 MiB, expected less");
	else if (error == -ENXIO || error == -EISDIR)
		complain_line(u, 0, "this is not a regular file, expected one or a link to one");
	else
		complain_line(u, 0, "the file cannot be read: %s", strerror(-error));
	return 1;
}

static void begin_file(struct config_unit *u, const char *path)
{
	u->file = path;
	u->files++;
	u->in_section = false;
	u->any_section = false;
	u->main_in_file = 0;
	u->table = NULL;
	u->section = NULL;
	if (u->files == 1) {
		u->place = (struct config_place) { path, 0 };
		u->name_place = u->place;
	}
}

static int parse_file(struct config_unit *u, const char *text, size_t len)
{
	static const struct ini_callbacks callbacks = { on_section, on_value, on_error };
	unsigned int before = u->complaints;

	if (!len)
		return 0;
	ini_parse(text, len, &callbacks, u);
	if (u->failed)
		return u->failed;
	/* Somebody may have commented everything out; a vnet out of defaults is not what was meant.
	 */
	if (u->files == 1 && !u->any_section && u->complaints == before)
		complain_line(u, 0, "the file has no section, %s, or nothing at all to mask the %s",
			      kinds[u->kind].expected, kinds[u->kind].name);
	return 1;
}

int config_unit_parse(struct config_unit *u, const char *path, const char *text, size_t len_bytes)
{
	begin_file(u, path);
	return parse_file(u, text, len_bytes);
}

int config_unit_read(struct config_unit *u, const char *path)
{
	UTIL_FREE char *text = NULL;
	size_t len;
	int r;

	begin_file(u, path);
	r = file_read(path, FILE_BYTES_MAX, &text, &len);
	return r < 0 ? cannot_read(u, r) : parse_file(u, text, len);
}
