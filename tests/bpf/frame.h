/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames, written as one line in a table. */
#ifndef VNET_TESTS_FRAME_H
#define VNET_TESTS_FRAME_H

#include "model.h"

#define FRAME_TYPE     0x88b5 /* for local experiments: no stack answers it */
#define FRAME_TAGS_MAX 3
#define FRAME_LEN      60 /* bytes of a frame without a tag, by default */
#define FRAME_EMPTY    (-1)

#define FRAME_8021Q  0x8100
#define FRAME_8021AD 0x88a8

/* Constants that may stand in a table. */
#define FRAME_MAC(a, b, c, d, e, f) ((const uint8_t[]) { a, b, c, d, e, f })

struct frame_tag {
	uint16_t proto; /* 0: no more tags */
	uint16_t tci;
};

struct frame_spec {
	const uint8_t *dst; /* MACs, not NULL */
	const uint8_t *src;
	struct frame_tag tags[FRAME_TAGS_MAX];
	int len;	     /* bytes, cut short or filled up; 0: as long as usual */
	uint32_t segments;   /* that the stack keeps as this one frame */
	uint16_t segment;    /* payload of each in bytes, from a tap, which tells no number: ... */
	uint32_t counts_as;  /* ... this is it */
	uint16_t type;	     /* behind the tags; 0: FRAME_TYPE */
	const char *payload; /* hex digits and blanks: what it begins with, NULL: nothing special */
};

/* All tags are in the frame; nothing is beside it. */
void frame_build(const struct frame_spec *spec, struct model_frame *ret);

/* How many tags @spec has. */
int frame_tags(const struct frame_spec *spec);

/* The frame of @spec without tags, and as much shorter. */
struct frame_spec frame_without_tags(const struct frame_spec *spec);

/*
 * Takes the outer tag out of @frame and keeps it beside, as the kernel does with what arrives on a
 * device. Returns false, with nothing changed, if there is none or it is cut short.
 */
bool frame_untag(struct model_frame *frame);

#endif
