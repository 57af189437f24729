/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <sys/stat.h>
#include <sys/uio.h>

/* The journal would be told that every line comes from this file. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "log.h"

#define LINE_SIZE 1024

/*
 * The one mutable static of the daemon: where the log goes is a property of the process (its
 * stderr), and every module says something, however far it is from main.
 */
static struct {
	int level;
	bool journal; /* stderr is the journal's */
} target = { .level = LOG_INFO };

/* One field of a journal entry, "NAME=text". */
struct field {
	char text[LINE_SIZE + 32];
};

#define FIELDS_MAX 6

struct entry {
	struct field fields[FIELDS_MAX];
	struct iovec parts[FIELDS_MAX];
	int count;
};

/* As sd-journal(3) says: the variable holds device and inode of the stream that is the journal's.
 */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;
	int end = 0;

	if (!stream || sscanf(stream, "%llu:%llu%n", &device, &inode, &end) != 2 || stream[end])
		return false;
	return fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

void log_open(int level)
{
	target.level = level;
	target.journal = stderr_is_journal();
}

int log_level_parse(const char *text)
{
	static const struct {
		const char *name;
		int level;
	} levels[] = {
		{ "err", LOG_ERR },   { "warning", LOG_WARNING }, { "notice", LOG_NOTICE },
		{ "info", LOG_INFO }, { "debug", LOG_DEBUG },
	};

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(levels); i++) {
		if (util_same(text, levels[i].name))
			return levels[i].level;
	}
	if (text[0] >= '0' && text[0] <= '0' + LOG_DEBUG && !text[1])
		return text[0] - '0';
	return -EINVAL;
}

static const char *level_prefix(int level)
{
	if (level <= LOG_ERR)
		return "error: ";
	return level == LOG_WARNING ? "warning: " : "";
}

/* A value that a user chose must not be able to make up lines. */
static void make_one_line(char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = ' ';
	}
}

static void add_field(struct entry *e, const char *name, const char *text)
{
	struct field *f = &e->fields[e->count];

	if (!text)
		return;
	snprintf(f->text, sizeof(f->text), "%s=%s", name, text);
	e->parts[e->count] = (struct iovec) { f->text, strlen(f->text) };
	e->count++;
}

static int send_to_journal(int level, const char *id, const char *vnet, const char *resource,
			   const char *line)
{
	const char priority[] = { (char)('0' + level), '\0' };
	struct entry e = { .count = 0 };

	add_field(&e, "MESSAGE", line);
	add_field(&e, "PRIORITY", priority);
	add_field(&e, "SYSLOG_IDENTIFIER", "vnetd");
	add_field(&e, "MESSAGE_ID", id);
	add_field(&e, "VNET", vnet);
	add_field(&e, "RESOURCE", resource);
	return sd_journal_sendv(e.parts, e.count);
}

static void write_entry(int level, const char *id, const char *vnet, const char *resource,
			const char *format, va_list args) UTIL_PRINTF(5, 0);

static void write_entry(int level, const char *id, const char *vnet, const char *resource,
			const char *format, va_list args)
{
	char line[LINE_SIZE];

	if (level > target.level)
		return;
	vsnprintf(line, sizeof(line), format, args);
	make_one_line(line);
	if (target.journal && send_to_journal(level, id, vnet, resource, line) == 0)
		return;
	/* Not the journal, or it is not there now: its stream is still better than silence. */
	fprintf(stderr, "vnetd: %s%s\n", level_prefix(level), line);
}

void log_line(int level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_entry(level, NULL, NULL, NULL, format, args);
	va_end(args);
}

void log_event(int level, const char *message_id, const char *vnet, const char *resource,
	       const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_entry(level, message_id, vnet, resource, format, args);
	va_end(args);
}
