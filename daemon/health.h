/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of a hybrid beside its device's own state. */
#ifndef VNETD_HEALTH_H
#define VNETD_HEALTH_H

#include "kernel.h"
#include "settings.h"
#include "txwatch.h"

/* Why it is `failed`. */
struct health_verdict {
	bool stuck;  /* it is given frames, and sends none */
	bool silent; /* its neighbour does not answer */
};

/* The questions to its neighbour; reconcile_probe.c. */
struct health_probe {
	uint64_t due_us; /* when the next one is sent, 0: none is */
	int listener;	 /* where answers come in; only if `listening` */
	bool listening;
	bool told;		      /* that it cannot be probed, and the log says so */
	struct settings_probe target; /* that is asked now */
	uint32_t missed;	      /* in a row */
	uint64_t session;	      /* random; with `number`, what an answer has to bring back */
	uint64_t number;	      /* of the last one sent, 0: none */
	uint64_t heard_session;	      /* of the other side's last one, */
	uint64_t heard_number;
	uint32_t heard_interval_ms; /* and how often it asks; 0: not known */
};

struct health {
	struct health_verdict verdict;
	uint32_t ifindex; /* of the device that this is about */
	uint32_t carrier_downs;
	struct txwatch tx;
	uint64_t look_us;    /* when its counters are looked at next, 0: they are not */
	uint64_t retry_us;   /* stuck: when it gets another chance */
	uint64_t sending_us; /* since its last chance it has been seen sending from then on; 0: not
			      */
	unsigned int tries;  /* so often it was found stuck without that */
	struct health_probe probe;
	bool listed; /* in the manager's watched ones */
	bool turn;   /* of those, its time has come */
};

#endif
