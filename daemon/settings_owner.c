/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may register resources of a vnet beside the administrators. */
#include <errno.h>
#include <pwd.h>

#include "settings_value.h"

#define NOBODY	     "none"
#define UID_LAST     (UINT32_MAX - 1) /* the one above it is no user */
#define PASSWD_BYTES 1024	      /* for a start */
#define PASSWD_MAX   (1 << 20)

static bool is_number(const char *text)
{
	return text[strspn(text, "0123456789")] == '\0';
}

/* Those of useradd(8), and of the directories that have names like "ann@example.org". */
static bool is_user_name(const char *text)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_.@+$-";
	size_t len = strspn(text, chars);

	return len && !text[len] && len < SETTINGS_OWNER_SIZE && text[0] != '-';
}

int settings_value_owner(const char *text, char ret[SETTINGS_OWNER_SIZE])
{
	uint32_t uid;

	if (!is_user_name(text))
		return -EINVAL;
	if (is_number(text) && settings_value_number(text, 0, UID_LAST, &uid))
		return -EINVAL;
	util_copy(ret, SETTINGS_OWNER_SIZE, util_same(text, NOBODY) ? "" : text);
	return 0;
}

void settings_value_format_owner(const char *owner, char buffer[SETTINGS_TEXT_SIZE])
{
	util_copy(buffer, SETTINGS_TEXT_SIZE, owner[0] ? owner : NOBODY);
}

/* Who is unknown, or cannot be asked for, is nobody. */
static bool find_user(const char *name, uint32_t *ret)
{
	struct passwd user, *found = NULL;
	int err = ERANGE;

	for (size_t size = PASSWD_BYTES; err == ERANGE && size <= PASSWD_MAX; size *= 2) {
		UTIL_FREE char *buffer = malloc(size);

		if (!buffer)
			return false;
		err = getpwnam_r(name, &user, buffer, size, &found);
		if (found)
			*ret = found->pw_uid;
	}
	return found;
}

bool settings_owner_is(const struct vnet_settings *s, uint32_t uid)
{
	uint32_t owner;

	if (!s->owner[0])
		return false;
	if (is_number(s->owner))
		return !settings_value_number(s->owner, 0, UID_LAST, &owner) && owner == uid;
	return find_user(s->owner, &owner) && owner == uid;
}
