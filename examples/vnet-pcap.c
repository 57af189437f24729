// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Plays and records pcap files on a vnet: a resource whose peer is a file.
 *
 * What a file has comes to the vnet as if received; what the vnet sends over the resource goes into
 * the other one. One thread waits for the library's loop and for the time of the next frame.
 */
#include <err.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <net/ethernet.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common.h"

#define PLAY_PAUSE_NS 1e18  /* longest that a file can ask for */
#define SNAPLEN_MAX   65540 /* of an MTU of 65521 there are none longer */

struct play {
	const char *path; /* NULL: nothing is played */
	pcap_t *file;
	bool fast, rewrite, fresh; /* fresh: no frame of the file has been read yet */
	uint64_t loops;		   /* still to be played, this one included; 0: without end */
	double speed;
	mblk_t *next;	      /* NULL: there is none any more */
	int64_t due_ns;	      /* when it is to be played */
	struct timeval stamp; /* of @next, as the file says */
	uint64_t cut;	      /* frames that the file does not have whole */
	struct common_totals totals;
};

struct record {
	const char *path;
	pcap_dumper_t *file;
	uint64_t snaplen, count; /* count 0: no limit */
	struct common_totals totals;
};

struct program {
	struct common common;
	vio_net_res_type_t type;
	vio_net_callbacks_t vnet;
	bool started;
	struct play play;
	struct record record;
};

/* --- playing --- */

static void play_open(struct play *p)
{
	char why[PCAP_ERRBUF_SIZE];

	p->file = pcap_open_offline_with_tstamp_precision(p->path, PCAP_TSTAMP_PRECISION_NANO, why);
	if (!p->file)
		errx(OPTIONS_FAILED, "cannot play %s: %s", p->path, why);
	if (pcap_datalink(p->file) != DLT_EN10MB)
		errx(OPTIONS_FAILED, "%s: its frames are of link type %s, expected Ethernet",
		     p->path, pcap_datalink_val_to_description_or_dlt(pcap_datalink(p->file)));
	p->fresh = true;
}

/* At the end of the file: from its beginning, if it is to be played again. */
static bool play_again(struct play *p)
{
	if (p->loops == 1 || !p->totals.frames)
		return false;
	if (p->loops)
		p->loops--;
	pcap_close(p->file);
	play_open(p);
	return true;
}

/* The file's next frame that it has whole; NULL: there is none. */
static const unsigned char *play_next(struct play *p, struct pcap_pkthdr **ret)
{
	const unsigned char *bytes;
	int r;

	while ((r = pcap_next_ex(p->file, ret, &bytes)) != PCAP_ERROR_BREAK || play_again(p)) {
		if (r == PCAP_ERROR)
			errx(OPTIONS_FAILED, "%s: %s", p->path, pcap_geterr(p->file));
		if (r == 1 && (*ret)->caplen == (*ret)->len && (*ret)->len >= ETHER_HDR_LEN)
			return bytes;
		p->cut += r == 1;
	}
	return NULL;
}

static void play_read(struct play *p)
{
	struct pcap_pkthdr *head;
	const unsigned char *bytes = play_next(p, &head);
	double pause_s;

	p->next = NULL;
	if (!bytes)
		return;
	p->next = common_alloc(head->len);
	memcpy(p->next->b_wptr, bytes, head->len);
	p->next->b_wptr += head->len;
	/* The file has nanoseconds there. It may tell the wildest times. */
	pause_s = (double)head->ts.tv_sec - (double)p->stamp.tv_sec +
		  (double)(head->ts.tv_usec - p->stamp.tv_usec) / 1e9;
	if (!p->fast && !p->fresh && pause_s > 0)
		p->due_ns += (int64_t)fmin(pause_s / p->speed * 1e9, PLAY_PAUSE_NS);
	p->stamp = head->ts;
	p->fresh = false;
}

/* How long until the next frame is due; negative: there is none. */
static int64_t play_wait_ns(const struct play *p)
{
	int64_t now_ns = common_now_ns();

	if (!p->next)
		return -1;
	return !p->fast && p->due_ns > now_ns ? p->due_ns - now_ns : 0;
}

/* What is due goes to the vnet, in one chain. */
static void play_due(struct program *p)
{
	mblk_t *chain = NULL, **end = &chain;

	for (int i = 0; i < COMMON_BATCH && play_wait_ns(&p->play) == 0; i++) {
		mblk_t *mp = p->play.next;

		common_count(&p->play.totals, msgdsize(mp));
		if (p->play.rewrite && !(mp->b_rptr[0] & 1))
			memcpy(mp->b_rptr, p->common.address, ETHERADDRL);
		if (p->play.rewrite && p->type == VIO_NET_RES_LDC_GUEST)
			memcpy(mp->b_rptr + ETHERADDRL, p->common.peer, ETHERADDRL);
		*end = mp;
		end = &mp->b_next;
		play_read(&p->play);
	}
	if (chain)
		p->vnet.vio_net_rx_cb(p->common.handle, chain);
}

/* --- recording --- */

static void record_open(struct record *r)
{
	pcap_t *format = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, (int)r->snaplen,
							      PCAP_TSTAMP_PRECISION_NANO);

	r->file = format ? pcap_dump_open(format, r->path) : NULL;
	if (!r->file)
		errx(OPTIONS_FAILED, "%s", format ? pcap_geterr(format) : "no memory");
	pcap_close(format);
}

static void record_frame(struct record *r, mblk_t *frame)
{
	struct pcap_pkthdr head = { .len = (bpf_u_int32)msgdsize(frame) };
	struct timespec now;

	if (!pullupmsg(frame, -1))
		errx(OPTIONS_FAILED, "no memory for a frame");
	clock_gettime(CLOCK_REALTIME, &now);
	head.ts = (struct timeval) { .tv_sec = now.tv_sec, .tv_usec = now.tv_nsec };
	head.caplen = head.len < r->snaplen ? head.len : (bpf_u_int32)r->snaplen;
	pcap_dump((unsigned char *)r->file, &head, frame->b_rptr);
	common_count(&r->totals, head.len);
}

/* --- the provider's entry points --- */

static int provider_start(void *driver)
{
	struct program *p = driver;

	p->started = true;
	p->play.due_ns = common_now_ns(); /* what was to come meanwhile comes from now on */
	return 0;
}

static void provider_stop(void *driver)
{
	((struct program *)driver)->started = false;
}

/* There is always room in a file; what cannot be written ends the program. */
static mblk_t *provider_tx(void *driver, mblk_t *chain)
{
	struct record *r = &((struct program *)driver)->record;

	while (chain) {
		mblk_t *mp = common_take(&chain);

		if (r->file && (!r->count || r->totals.frames < r->count))
			record_frame(r, mp);
		freemsg(mp);
	}
	if (r->file && pcap_dump_flush(r->file) < 0)
		err(OPTIONS_FAILED, "%s", r->path);
	return NULL;
}

/* No mc_getcapab: what comes to mc_tx() is whole, its checksums are right, and it fits the MTU. */
static mac_callbacks_t provider_callbacks = {
	.mc_start = provider_start,
	.mc_stop = provider_stop,
	.mc_tx = provider_tx,
};

/* --- the program --- */

static void program_open(struct program *p, int argc, char **argv)
{
	const struct option_row rows[] = {
		{ "type", "TYPE", OPTION_TYPE, &p->type, "service (default), guest or hybrid" },
		{ "speed", "X", OPTION_FACTOR, &p->play.speed, "plays so many times as fast" },
		{ "fast", NULL, OPTION_SWITCH, &p->play.fast, "plays as fast as it goes" },
		{ "loop", "N", OPTION_NUMBER, &p->play.loops, "plays so often, 0: without end" },
		{ "rewrite", NULL, OPTION_SWITCH, &p->play.rewrite, "plays to the vnet's MAC" },
		{ "snaplen", "N", OPTION_NUMBER, &p->record.snaplen,
		  "records no more bytes of a frame", 1, SNAPLEN_MAX },
		{ "count", "N", OPTION_NUMBER, &p->record.count, "ends with so many recorded" },
	};
	int i = common_options(&p->common,
			       "vnet-pcap OPTION... [play FILE] [record FILE]\n"
			       "Plays a pcap file to a vnet, and records what the vnet sends.",
			       rows, sizeof(rows) / sizeof(*rows), argc, argv);

	for (; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "play"))
			p->play.path = argv[i + 1];
		else if (!strcmp(argv[i], "record"))
			p->record.path = argv[i + 1];
		else
			break;
	}
	if (i < argc || (!p->play.path && !p->record.path))
		errx(OPTIONS_USAGE, "expected play FILE, record FILE or both, see --help");
	if (p->play.path) {
		play_open(&p->play);
		play_read(&p->play);
	}
	common_open(&p->common);
	if (p->record.path)
		record_open(&p->record);
}

static bool program_done(const struct program *p)
{
	if (!p->record.path)
		return !p->play.next;
	return p->record.count && p->record.totals.frames >= p->record.count;
}

static int program_report(struct program *p)
{
	if (p->play.path) {
		common_print("played", &p->play.totals);
		if (p->play.cut)
			printf("left out %" PRIu64 " that the file has not whole\n", p->play.cut);
		pcap_close(p->play.file);
		freemsg(p->play.next);
	}
	if (p->record.path) {
		common_print("recorded", &p->record.totals);
		pcap_dump_close(p->record.file);
	}
	return fflush(stdout) ? OPTIONS_FAILED : 0;
}

int main(int argc, char **argv)
{
	struct program p = {
		.type = VIO_NET_RES_LDC_SERVICE,
		.play = { .speed = 1, .loops = 1 },
		.record = { .snaplen = SNAPLEN_MAX },
	};
	mac_register_t mac = {
		.m_version = MAC_VERSION,
		.m_type_ident = MAC_PLUGIN_IDENT_ETHER,
		.m_driver = &p,
		.m_callbacks = &provider_callbacks,
	};
	struct pollfd fds[COMMON_FDS];

	program_open(&p, argc, argv);
	common_register(&p.common, &mac, p.type, &p.vnet);
	while (!program_done(&p) &&
	       common_wait(&p.common, fds, COMMON_FDS, p.started ? play_wait_ns(&p.play) : -1)) {
		if (p.started)
			play_due(&p);
	}
	common_close(&p.common);
	return program_report(&p);
}
