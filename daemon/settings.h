/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a user can set on a vnet and on a resource, as one table each. The configuration files, the
 * API, the state file and `show` all read and write settings through these tables and nowhere else,
 * so a new setting is one row and its two functions.
 */
#ifndef VNETD_SETTINGS_H
#define VNETD_SETTINGS_H

#include <net/if.h>

#include "error.h"
#include "flow_match.h"
#include "mac.h"
#include "vlan.h"

#define SETTINGS_NAME_SIZE	  14 /* a vnet's name and "-p" still make a device name */
#define SETTINGS_NETNS_SIZE	  64
#define SETTINGS_ALLOWED_MAX	  32
#define SETTINGS_PREFIX_TEXT_SIZE 50
#define SETTINGS_OWNER_SIZE	  33
/* The longest formatted value: the prefixes, each with a comma. */
#define SETTINGS_TEXT_SIZE (SETTINGS_ALLOWED_MAX * SETTINGS_PREFIX_TEXT_SIZE)

#define SETTINGS_MTU_DEFAULT 1500
#define SETTINGS_MTU_MIN     68
#define SETTINGS_MTU_MAX     65521

#define SETTINGS_VF_MAX 65534 /* the last index that PCI has room for */

#define SETTINGS_STORM_LIMIT_MAX 10000000

enum settings_mode { SETTINGS_MODE_AUTO, SETTINGS_MODE_TC, SETTINGS_MODE_XDP };
enum settings_steer { SETTINGS_STEER_MAC, SETTINGS_STEER_IP };
enum settings_promisc { SETTINGS_PROMISC_AUTO, SETTINGS_PROMISC_ON, SETTINGS_PROMISC_OFF };
enum settings_on_delete { SETTINGS_ON_DELETE_RECREATE, SETTINGS_ON_DELETE_REMOVE };

/* What an upper that is not trusted may send; "restricted" limits the protocols. */
enum settings_protection {
	SETTINGS_MAC_NOSPOOF = 1 << 0,
	SETTINGS_IP_NOSPOOF = 1 << 1,
	SETTINGS_DHCP_NOSPOOF = 1 << 2,
	SETTINGS_RESTRICTED = 1 << 3,
};

struct settings_prefix {
	uint8_t address[16]; /* IPv4: as ::ffff:a.b.c.d; the bits behind the prefix are zero */
	uint8_t length;	     /* in bits, of all 128: an IPv4 /24 is 120 */
};

/* Sorted, none twice. */
struct settings_prefixes {
	size_t count;
	struct settings_prefix prefix[SETTINGS_ALLOWED_MAX];
};

/* Bits a second, 0: no limit. What one direction has of its own is in the place of `bits`. */
struct settings_limits {
	uint64_t bits; /* in each direction */
	uint64_t in_bits;
	uint64_t out_bits;
};

struct vnet_settings {
	uint8_t address[MAC_LEN]; /* all zero: vnetd chooses a random one at creation */
	uint32_t mtu;
	char upper[IFNAMSIZ];		 /* empty: vnetd makes a veth pair named like the vnet */
	char netns[SETTINGS_NETNS_SIZE]; /* name under /run/netns, or a path; empty: vnetd's own */
	enum settings_mode mode;
	bool guard;
	uint16_t pvid;
	struct vlan_set vlans;
	enum settings_promisc promiscuous; /* auto: as IFF_PROMISC of the upper */
	enum settings_on_delete on_delete; /* somebody deletes the upper */
	bool hybrid_needs_service;
	uint32_t monitor_interval_ms; /* of the carrier poll of an active hybrid; 0: none */
	uint32_t hold_down_ms;	      /* a resource that was lost waits so long, 0: none */
	uint32_t tx_timeout_ms;	 /* a hybrid that sends nothing for so long has failed; 0: never */
	uint32_t announce_count; /* rounds of announcements at a switch, 0: none */
	uint32_t announce_interval_ms; /* from one to the next */
	/* Addresses that are announced beside those seen on the upper; all of full length. */
	struct settings_prefixes announced;
	unsigned int protection;	  /* enum settings_protection */
	struct settings_prefixes allowed; /* source addresses, for SETTINGS_IP_NOSPOOF */
	uint32_t storm_limit;		  /* frames a second in each direction, 0: none */
	char owner[SETTINGS_OWNER_SIZE];  /* a user name or a uid; empty: nobody */
	/* What a random address begins with; the rest is zeros. */
	uint8_t prefix[MAC_LEN];
	uint8_t prefix_length; /* in bytes, 0: any */
	/* On an uplink: the MAC is the uplink's own, and frames are told apart by local addresses:
	 */
	bool share;
	struct settings_prefixes local; /* these, all of full length, */
	bool learn;			/* and those that the vnet is seen to use */
	struct settings_limits limits;
};

enum settings_priority {
	SETTINGS_PRIORITY_NONE,
	SETTINGS_PRIORITY_LOW,
	SETTINGS_PRIORITY_MEDIUM,
	SETTINGS_PRIORITY_HIGH,
};

/* Where frames of a flow go that come: */
enum settings_to {
	SETTINGS_TO_NONE, /* where they would go without it */
	SETTINGS_TO_VNET, /* a vnet on the same uplink */
	SETTINGS_TO_CPU,  /* by the stack of one CPU */
	SETTINGS_TO_XSK,  /* a program's AF_XDP socket */
};

#define SETTINGS_CPU_MAX 65535 /* more than kernels have */

struct settings_target {
	enum settings_to to;
	char vnet[SETTINGS_NAME_SIZE]; /* of SETTINGS_TO_VNET, else empty */
	uint32_t cpu;		       /* of SETTINGS_TO_CPU, else 0 */
};

/* Some of the frames of a vnet or an uplink, and what is done with them. */
struct flow_settings {
	uint16_t rank; /* of two flows that fit, the lower one has the frame */
	bool in, out;  /* to the owner, from the owner: one of both at least */
	struct flow_match match;
	struct settings_limits limits;
	enum settings_priority priority;
	struct settings_target target; /* some: then @in alone */
};

/* A device that vnets share. */
struct uplink_settings {
	char device[IFNAMSIZ];
	enum settings_steer steer; /* IP: vnets share its MAC unless they are given one */
};

enum settings_type { SETTINGS_SERVICE, SETTINGS_GUEST, SETTINGS_HYBRID, SETTINGS_TYPE_NONE };

/* Whom a hybrid asks whether its way is open; settings_probe.c. */
enum settings_probe_kind {
	SETTINGS_PROBE_NONE,
	SETTINGS_PROBE_IPV4,
	SETTINGS_PROBE_IPV6,
	SETTINGS_PROBE_MAC,
};

#define SETTINGS_PROBE_TEXT_SIZE 48

struct settings_probe {
	enum settings_probe_kind kind;
	uint8_t address[16]; /* as long as the kind's is, then zeros */
};

struct resource_settings {
	enum settings_type type;
	char device[IFNAMSIZ];
	uint8_t peer[MAC_LEN]; /* guest only, else all zero; with peer_vnet all zero, too */
	char peer_vnet[SETTINGS_NAME_SIZE]; /* guest only: a vnet of this daemon, then no device */
	/* hybrid only: a virtual function of a NIC, in place of a device */
	char pf[IFNAMSIZ]; /* the NIC's physical function, empty: it is none */
	bool has_vf;
	uint32_t vf;			 /* its index */
	uint16_t vf_vlan;		 /* the NIC tags its frames with that, 0: with none */
	char uplink[SETTINGS_NAME_SIZE]; /* service only: an uplink, then no device */
	uint32_t priority;		 /* hybrid only: the lowest number is the best */
	uint16_t pvid;			 /* 0: inherited (service, guest: the vnet's; hybrid: 1) */
	bool has_vlans;			 /* false: the vnet's */
	struct vlan_set vlans;
	bool admin_up;
	uint32_t storm_limit;	     /* frames a second in each direction, 0: none */
	struct settings_probe probe; /* hybrid only */
	uint32_t probe_interval_ms;  /* from one probe to the next */
	uint32_t probe_count;	     /* so many are unanswered, and it has failed */
	struct settings_limits limits;
};

enum settings_json { SETTINGS_JSON_STRING, SETTINGS_JSON_INT, SETTINGS_JSON_BOOL };

/* One setting of either kind of object; @settings below points to its struct. */
struct setting {
	const char *key;	 /* in the API, in JSON, in the state: "hybrid_needs_service" */
	const char *config;	 /* in a configuration file: "HybridNeedsService" */
	enum settings_json json; /* type in JSON */
	bool fixed;		 /* can only be given when the object is made */
	const char *expected;	 /* for errors: "a number from 68 to 65521" */
	/* 0, or -EINVAL with nothing changed */
	int (*parse)(void *settings, const char *text);
	/* Writes the value into @buffer; an empty text: not set. */
	void (*format)(const void *settings, char buffer[SETTINGS_TEXT_SIZE]);
	const char *zero; /* the value that a 0 in the API stands for, NULL: 0 itself */
};

extern const struct setting settings_vnet[];	 /* ends with a NULL key */
extern const struct setting settings_resource[]; /* ends with a NULL key */
extern const struct setting settings_uplink[];	 /* ends with a NULL key */
extern const struct setting settings_flow[];	 /* ends with a NULL key */

void settings_vnet_default(struct vnet_settings *ret);
void settings_resource_default(struct resource_settings *ret);
void settings_uplink_default(struct uplink_settings *ret);
void settings_flow_default(struct flow_settings *ret);

/* By key, NULL if there is none. settings_find_config() is by the name in configuration files. */
const struct setting *settings_find(const struct setting *table, const char *key);
const struct setting *settings_find_config(const struct setting *table, const char *name);

/*
 * Sets one value from text. @object names what it belongs to, for the error. Unknown keys and bad
 * values are ERROR_INVALID with field and what was expected; nothing is changed then.
 */
int settings_set(const struct setting *table, void *settings, const char *object, const char *key,
		 const char *text, struct error *e);

/* Do these hold by themselves? (A guest needs a peer, a name has to be a device name, ...) */
int settings_check_name(const char *what, const char *name, size_t max, struct error *e);
int settings_vnet_check(const struct vnet_settings *s, const char *object, struct error *e);
int settings_resource_check(const struct resource_settings *s, const char *object, struct error *e);
int settings_flow_check(const struct flow_settings *s, const char *object, struct error *e);
bool settings_target_same(const struct settings_target *a, const struct settings_target *b);
int settings_uplink_check(const struct uplink_settings *s, const char *object, struct error *e);

/* Is it one of them? */
/* The address of an IPv4 prefix, four bytes; NULL: it is IPv6. */
const uint8_t *settings_prefix_ipv4(const struct settings_prefix *p);
bool settings_prefixes_have(const struct settings_prefixes *list, const struct settings_prefix *p);

/* "none", or the address. Returns @buffer. */
const char *settings_probe_format(const struct settings_probe *p,
				  char buffer[SETTINGS_PROBE_TEXT_SIZE]);

/* Is @uid the owner? A user name is looked up when it is asked for. */
bool settings_owner_is(const struct vnet_settings *s, uint32_t uid);

const char *settings_type_name(enum settings_type type);
const char *settings_mode_name(enum settings_mode mode);

#endif
