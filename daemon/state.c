/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file is one JSON object whose first bytes are fixed:
 *
 *	{"version":1,"checksum":"0123456789abcdef","state":{...}}
 *
 * The checksum is FNV-1a over the version and the bytes of "state". It is not against forgers (who
 * could write here is root) but against damage, and it is three lines: each of its steps is a
 * bijection of what is behind it, so that a single changed byte always changes it, and anything
 * else passes once in 2^64. Everything in front of and behind "state" is compared byte by byte, so
 * that no byte of the file is without cover.
 */
#include "state.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>

#include "file.h"
#include "state_json.h"

#define VERSION	       1
#define FILE_MODE      0600
#define FILE_BYTES_MAX (256u << 20) /* 65,536 resources take an eighth of it */
#define HEAD	       "{\"version\":%u,\"checksum\":\"%016" PRIx64 "\",\"state\":"
#define HEAD_SCAN      "{\"version\":%9u,\"checksum\":\"%*16[0-9a-f]\",\"state\":%n"
#define HEAD_BYTES_MAX 80
#define TAIL	       "}\n"
#define TAIL_BYTES     (sizeof(TAIL) - 1)
#define JSON_FLAGS     (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

static uint64_t checksum(unsigned int version, const char *data, size_t len)
{
	uint64_t sum = 0xcbf29ce484222325 ^ version;

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ (unsigned char)data[i]) * 0x100000001b3;
	return sum;
}

static void put_json(struct json_object **o)
{
	json_object_put(*o);
}

static void free_tokener(struct json_tokener **t)
{
	if (*t)
		json_tokener_free(*t);
}

static int damaged(const char *path, struct error *e, const char *how)
{
	return error_set(e, ERROR_FAILED, EBADMSG, NULL, NULL, "the state file %s is damaged: %s",
			 path, how);
}

/* Finds "state" within @text. 0, or an error that says what is wrong. */
static int open_envelope(const char *path, const char *text, size_t len, const char **ret,
			 size_t *ret_len, struct error *e)
{
	unsigned int version = 0;
	char head[HEAD_BYTES_MAX], start[HEAD_BYTES_MAX];
	int head_len = 0;

	snprintf(start, sizeof(start), "%.*s", (int)(len < HEAD_BYTES_MAX ? len : HEAD_BYTES_MAX),
		 text);
	if (sscanf(start, HEAD_SCAN, &version, &head_len) != 1 || !head_len)
		return damaged(path, e, "it does not begin as a state file does");
	if (len < (size_t)head_len + TAIL_BYTES ||
	    memcmp(text + len - TAIL_BYTES, TAIL, TAIL_BYTES) != 0)
		return damaged(path, e, "its end is missing");
	text += head_len;
	len -= (size_t)head_len + TAIL_BYTES;
	snprintf(head, sizeof(head), HEAD, version, checksum(version, text, len));
	if (memcmp(head, start, (size_t)head_len) != 0 || head[head_len])
		return damaged(path, e, "its checksum does not match");
	if (version > VERSION)
		return error_set(e, ERROR_FAILED, EPROTONOSUPPORT, NULL, NULL,
				 "the state file %s has version %u, written by a newer vnetd; this "
				 "one knows version %d",
				 path, version, VERSION);
	if (version != VERSION)
		return damaged(path, e, "there is no such version");
	*ret = text;
	*ret_len = len;
	return 0;
}

static int parse(const char *path, const char *text, size_t len, struct desired *ret,
		 struct error *e)
{
	UTIL_CLEANUP(free_tokener) struct json_tokener *tokener = json_tokener_new();
	UTIL_CLEANUP(put_json) struct json_object *state = NULL;
	struct error why = { 0 };
	enum json_tokener_error json;
	int r;

	if (!tokener)
		return error_set(e, ERROR_FAILED, ENOMEM, NULL, NULL,
				 "reading the state file %s failed: %s", path, strerror(ENOMEM));
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	state = json_tokener_parse_ex(tokener, text, (int)len);
	json = json_tokener_get_error(tokener);
	if (json == json_tokener_continue)
		return damaged(path, e, "the JSON in it is not whole");
	if (json != json_tokener_success)
		return damaged(path, e, json_tokener_error_desc(json));
	if (json_tokener_get_parse_end(tokener) != len)
		return damaged(path, e, "there is something behind the state");
	r = state_json_read(state, ret, &why);
	if (r == -ENOMEM)
		return error_set(e, ERROR_FAILED, ENOMEM, NULL, NULL,
				 "reading the state file %s failed: %s", path, strerror(ENOMEM));
	return r < 0 ? damaged(path, e, why.message) : 0;
}

int state_open(const char *path, const char *text, size_t len_bytes, struct desired *ret,
	       struct error *e)
{
	const char *state = NULL;
	size_t state_len = 0;
	int r;

	*ret = (struct desired) { 0 };
	r = open_envelope(path, text, len_bytes, &state, &state_len, e);
	if (r < 0)
		return r;
	r = parse(path, state, state_len, ret, e);
	if (r < 0)
		desired_clear(ret);
	return r;
}

int state_load(const char *path, struct desired *ret, struct error *e)
{
	UTIL_FREE char *text = NULL;
	size_t len;
	int r;

	*ret = (struct desired) { 0 };
	r = file_read(path, FILE_BYTES_MAX, &text, &len);
	if (r == -EFBIG)
		return damaged(path, e, "it is longer than a state file can be");
	if (r < 0)
		return error_set(e, r == -ENOENT ? ERROR_NOT_FOUND : ERROR_FAILED, -r, NULL, NULL,
				 "the state file %s cannot be read: %s", path,
				 r == -ENXIO ? "it is not a regular file" : strerror(-r));
	return state_open(path, text, len, ret, e);
}

/* The whole text of the file; the caller frees it. */
static int seal(struct json_object *state, char **ret, size_t *ret_len)
{
	size_t state_len;
	const char *text = json_object_to_json_string_length(state, JSON_FLAGS, &state_len);
	char head[HEAD_BYTES_MAX];
	char *whole, *end;
	int head_len;

	if (!text)
		return -ENOMEM;
	head_len = snprintf(head, sizeof(head), HEAD, VERSION, checksum(VERSION, text, state_len));
	whole = malloc((size_t)head_len + state_len + TAIL_BYTES);
	if (!whole)
		return -ENOMEM;
	end = mempcpy(whole, head, (size_t)head_len);
	end = mempcpy(end, text, state_len);
	memcpy(end, TAIL, TAIL_BYTES);
	*ret = whole;
	*ret_len = (size_t)head_len + state_len + TAIL_BYTES;
	return 0;
}

int state_seal(const struct desired *d, char **ret, size_t *ret_len_bytes)
{
	UTIL_CLEANUP(put_json) struct json_object *state = state_json_new(d);

	return state ? seal(state, ret, ret_len_bytes) : -ENOMEM;
}

static int not_written(const char *path, int r, struct error *e)
{
	return error_set(e, ERROR_FAILED, -r, NULL, NULL, "writing the state file %s failed: %s",
			 path, strerror(-r));
}

int state_put(const char *path, const char *text, size_t len_bytes, struct error *e)
{
	int r = file_replace(path, text, len_bytes, FILE_MODE);

	return r < 0 ? not_written(path, r, e) : 0;
}

int state_save(const char *path, const struct desired *d, struct error *e)
{
	UTIL_FREE char *text = NULL;
	size_t len;
	int r = state_seal(d, &text, &len);

	return r < 0 ? not_written(path, r, e) : state_put(path, text, len, e);
}
