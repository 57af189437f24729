// SPDX-License-Identifier: LGPL-2.1-or-later
/* A registration's life. */
#include "vio.h"

#include <errno.h>
#include <linux/if_tun.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "handle.h"

#define VIO_LSO_BYTES_MAX (65535 - 20 - 20) /* of an IPv4 packet, without its headers */

/* --- who uses it --- */

void vio_hold(struct vio *v)
{
	atomic_fetch_add(&v->refs, 1);
}

static void vio_hold_object(void *object)
{
	vio_hold(object);
}

static void vio_free(struct vio *v)
{
	queue_free(v);
	if (v->taps)
		vio_taps_release(v->taps);
	if (v->session.timer_fd >= 0)
		close(v->session.timer_fd);
	free(v->says.groups);
	free(v->told.groups);
	pthread_cond_destroy(&v->quiet);
	pthread_mutex_destroy(&v->lock);
	free(v);
}

void vio_release(struct vio *v)
{
	if (atomic_fetch_sub(&v->refs, 1) == 1)
		vio_free(v);
}

bool vio_call_begin(struct vio *v, struct vio_call *call)
{
	bool dead;

	pthread_mutex_lock(&v->lock);
	dead = v->dead;
	if (!dead) {
		call->thread = pthread_self();
		call->next = v->calls;
		v->calls = call;
	}
	pthread_mutex_unlock(&v->lock);
	return !dead;
}

void vio_call_end(struct vio *v, struct vio_call *call)
{
	struct vio_call **p;

	pthread_mutex_lock(&v->lock);
	for (p = &v->calls; *p != call; p = &(*p)->next)
		;
	*p = call->next;
	if (v->dead)
		pthread_cond_broadcast(&v->quiet);
	pthread_mutex_unlock(&v->lock);
}

static bool vio_has_others(const struct vio *v)
{
	for (const struct vio_call *c = v->calls; c; c = c->next)
		if (!pthread_equal(c->thread, pthread_self()))
			return true;
	return false;
}

/* From now on no call begins, and none but the caller's own is under way. */
static void vio_die(struct vio *v)
{
	pthread_mutex_lock(&v->lock);
	v->dead = true;
	pthread_cond_broadcast(&v->quiet); /* to those who wait for a turn */
	while (vio_has_others(v))
		pthread_cond_wait(&v->quiet, &v->lock);
	pthread_mutex_unlock(&v->lock);
}

/* --- the tap --- */

struct vio_taps *vio_taps_hold(struct vio *v)
{
	if (v->taps)
		atomic_fetch_add(&v->taps->refs, 1);
	return v->taps;
}

void vio_taps_release(struct vio_taps *taps)
{
	if (atomic_fetch_sub(&taps->refs, 1) != 1)
		return;
	for (unsigned int i = 0; i < taps->count; i++)
		close(taps->fd[i]);
	free(taps);
}

void vio_drop_taps(struct vio *v)
{
	queue_close(v);
	if (v->taps)
		vio_taps_release(v->taps);
	v->taps = NULL;
}

/* What comes before a first tap has no loop yet; session_attach() opens that one's queues. */
int vio_take_taps(struct vio *v, const int *fds, unsigned int count)
{
	struct vio_taps *taps = count == v->queue_count ? calloc(1, sizeof(*taps)) : NULL;

	if (!taps) {
		for (unsigned int i = 0; i < count; i++)
			close(fds[i]);
		return count == v->queue_count ? -ENOMEM : -EPROTO;
	}
	atomic_init(&taps->refs, 1);
	taps->count = count;
	memcpy(taps->fd, fds, count * sizeof(*fds));
	vio_drop_taps(v);
	v->taps = taps;
	v->carrier_off = false;
	return v->attached ? queue_open(v) : 0;
}

static void vio_set_carrier(struct vio *v, bool on)
{
	int carrier = on;

	if (v->taps && v->carrier_off == on && !ioctl(v->taps->fd[0], TUNSETCARRIER, &carrier))
		v->carrier_off = !on;
}

/*
 * While vnetd is away, the tap's carrier says it to the data path. Otherwise not: the kernel may
 * keep who changes a carrier waiting.
 */
void vio_report(struct vio *v, enum vio_report report, const char *reason)
{
	v->report = report;
	snprintf(v->reason, sizeof(v->reason), "%s", reason);
	session_report(v);
	if (report == VIO_UP || v->session.stage != SESSION_OPEN)
		vio_set_carrier(v, report == VIO_UP);
}

void vio_adopt_report(struct vio *v, enum vio_report report)
{
	v->report = report;
	if (report == VIO_UP)
		vio_set_carrier(v, true);
}

/* --- the provider's callbacks --- */

static struct vio *vio_enter(vio_net_handle_t handle, struct vio_call *call)
{
	struct vio *v = handle_get(handle, vio_hold_object);

	if (v && !vio_call_begin(v, call)) {
		vio_release(v);
		v = NULL;
	}
	return v;
}

static void vio_leave(struct vio *v, struct vio_call *call)
{
	vio_call_end(v, call);
	vio_release(v);
}

static void vio_on_rx(vio_net_handle_t handle, mblk_t *chain)
{
	struct vio_call call;
	struct vio *v = vio_enter(handle, &call);

	if (!v) {
		freemsgchain(chain);
		return;
	}
	queue_receive(v, chain);
	vio_leave(v, &call);
}

static void vio_on_tx_update(vio_net_handle_t handle)
{
	struct vio_call call;
	struct vio *v = vio_enter(handle, &call);

	if (!v)
		return;
	queue_update(v);
	pthread_mutex_lock(&v->lock);
	if (v->report == VIO_DOWN)
		vio_report(v, VIO_UP, "");
	pthread_mutex_unlock(&v->lock);
	vio_leave(v, &call);
}

static void vio_on_report_err(vio_net_handle_t handle, uint64_t value)
{
	struct vio_call call;
	struct vio *v = vio_enter(handle, &call);

	if (!v)
		return;
	pthread_mutex_lock(&v->lock);
	if (value == VIO_NET_RES_DOWN && v->report != VIO_FAILED)
		vio_report(v, VIO_DOWN, "the link is lost");
	else if (value == VIO_VNET_RES_ERR)
		vio_report(v, VIO_FAILED, "the device has an error");
	pthread_mutex_unlock(&v->lock);
	vio_leave(v, &call);
}

/* --- registering --- */

static int vio_refuse(mac_register_t *m, int number, const char *why)
{
	snprintf(m->m_error, sizeof(m->m_error), "%s", why);
	return number;
}

static bool vio_is_name(const char *name)
{
	return !name || (name[0] && strlen(name) < MAC_NAME_SIZE);
}

static bool vio_is_unicast(const uint8_t *mac)
{
	static const ether_addr_t zero;

	return mac && !(mac[0] & 1) && memcmp(mac, zero, ETHERADDRL) != 0;
}

static int vio_check(mac_register_t *m, vio_net_res_type_t type, const uint8_t *local,
		     const uint8_t *peer)
{
	if (m->m_version != MAC_VERSION)
		return vio_refuse(m, EINVAL, "m_version is not MAC_VERSION");
	if (!m->m_type_ident || strcmp(m->m_type_ident, MAC_PLUGIN_IDENT_ETHER) != 0)
		return vio_refuse(m, EINVAL, "m_type_ident is not MAC_PLUGIN_IDENT_ETHER");
	if ((unsigned int)type > VIO_NET_RES_HYBRID)
		return vio_refuse(m, EINVAL, "the type is none of vio_net_res_type_t");
	if (!vio_is_unicast(local))
		return vio_refuse(m, EINVAL, "the local MAC is not that of one station");
	if (type == VIO_NET_RES_LDC_GUEST && !vio_is_unicast(peer))
		return vio_refuse(m, EINVAL, "the MAC of a guest is not that of one station");
	if (!vio_is_name(m->m_name) || !vio_is_name(m->m_device))
		return vio_refuse(m, EINVAL, "m_name or m_device is not of 1 to 15 characters");
	if (m->m_queues > MAC_QUEUES_MAX)
		return vio_refuse(m, EINVAL, "m_queues is more than 64");
	if (m->m_max_sdu > MAC_SDU_MAX ||
	    m->m_min_sdu > (m->m_max_sdu ? m->m_max_sdu : MAC_SDU_MAX))
		return vio_refuse(m, EINVAL, "m_min_sdu or m_max_sdu is out of range");
	if (!m->m_device && !(m->m_callbacks && m->m_callbacks->mc_tx))
		return vio_refuse(m, EINVAL, "there is neither an mc_tx() nor an m_device");
	return 0;
}

/* The kernel is told whether segments may come, not of what length. */
static bool vio_takes_any(const lso_basic_tcp_t *lso)
{
	return !lso->lso_max || lso->lso_max >= VIO_LSO_BYTES_MAX;
}

/* What the provider can do for the kernel. */
static void vio_ask_capabilities(struct vio *v)
{
	const mac_callbacks_t *c = &v->callbacks;
	mac_capab_lso_t lso = { 0 };
	uint32_t checksums = 0;

	if (v->netdev[0] || !(c->mc_callbacks & MC_GETCAPAB) || !c->mc_getcapab)
		return;
	if (c->mc_getcapab(v->driver, MAC_CAPAB_HCKSUM, &checksums))
		v->checksums = checksums & HCKSUM_INET_PARTIAL;
	if (v->checksums && c->mc_getcapab(v->driver, MAC_CAPAB_LSO, &lso)) {
		v->segments4 = (lso.lso_flags & LSO_TX_BASIC_TCP_IPV4) &&
			       vio_takes_any(&lso.lso_basic_tcp_ipv4);
		v->segments6 = (lso.lso_flags & LSO_TX_BASIC_TCP_IPV6) &&
			       vio_takes_any(&lso.lso_basic_tcp_ipv6);
	}
}

static struct vio *vio_new(const mac_register_t *m, vio_net_res_type_t type, const uint8_t *local,
			   const uint8_t *peer)
{
	struct vio *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	atomic_init(&v->refs, 1);
	pthread_mutex_init(&v->lock, NULL);
	pthread_cond_init(&v->quiet, NULL);
	v->session.source = v->session.timer = v->kick =
		(struct loop_source) { .owner = v, .fd = -1 };
	v->session.timer_fd = v->kick_fd = -1;
	v->driver = m->m_driver;
	v->type = type;
	memcpy(v->local, local, ETHERADDRL);
	if (type == VIO_NET_RES_LDC_GUEST)
		memcpy(v->peer, peer, ETHERADDRL);
	if (m->m_callbacks)
		v->callbacks = *m->m_callbacks;
	if (m->m_name)
		snprintf(v->wanted_name, sizeof(v->wanted_name), "%s", m->m_name);
	if (m->m_device)
		snprintf(v->netdev, sizeof(v->netdev), "%s", m->m_device);
	else
		v->queue_count = m->m_queues ? m->m_queues : 1;
	v->min_sdu = m->m_min_sdu;
	v->max_sdu = m->m_max_sdu;
	return v;
}

/* --- its own thread --- */

static void *vio_thread(void *context)
{
	struct vio *v = context;
	struct vnet_loop *loop = v->loop;
	bool orphaned;

	/* Not before its maker knows it. */
	pthread_mutex_lock(&v->lock);
	pthread_mutex_unlock(&v->lock);
	vnet_run(loop);
	orphaned = v->orphaned;
	vio_release(v);
	if (orphaned)
		vnet_loop_free(loop);
	return NULL;
}

static int vio_start_thread(struct vio *v)
{
	sigset_t all, before;
	int r;

	if (!v->own_loop)
		return 0;
	vio_hold(v);
	/* Signals are for the program's own threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_mutex_lock(&v->lock);
	r = pthread_create(&v->thread, NULL, vio_thread, v);
	v->threaded = !r;
	pthread_mutex_unlock(&v->lock);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r)
		vio_release(v);
	return -r;
}

/* The loop that is its own has nothing more to do. */
static void vio_end_thread(struct vio *v)
{
	struct vnet_loop *loop = v->loop;

	if (!v->own_loop)
		return;
	if (v->threaded && pthread_equal(v->thread, pthread_self())) {
		v->orphaned = true;
		pthread_detach(v->thread);
		vnet_stop(loop);
		return;
	}
	vnet_stop(loop);
	if (v->threaded)
		pthread_join(v->thread, NULL);
	vnet_loop_free(loop);
}

/* --- joining and leaving --- */

/* Undoes vio_attach(), and vio_open(). No call is under way but the caller's own. */
static void vio_close(struct vio *v)
{
	queue_close(v);
	if (v->loop) {
		loop_remove(v->loop, &v->kick);
		session_end(v);
		/* Somebody who still counts a reference does not keep the tap alive. */
		vio_drop_taps(v);
		loop_leave(v->loop, v);
		vio_end_thread(v);
	}
	vio_release(v);
}

static void vio_end(struct vio *v)
{
	vio_die(v);
	entry_stop(v);
	vio_close(v);
}

static int vio_open(struct vio *v, struct vnet_loop *loop)
{
	int r = 0;

	v->own_loop = !loop;
	v->loop = loop;
	if (!loop)
		r = vnet_loop_new(NULL, &v->loop);
	return r < 0 ? r : queue_new(v);
}

/* From here on entry points may be called. */
static int vio_attach(struct vio *v)
{
	int r;

	pthread_mutex_lock(&v->lock);
	v->attached = true;
	loop_enter(v->loop, v);
	r = v->queue_count ? queue_open(v) : 0;
	if (r == 0)
		r = session_attach(v);
	pthread_mutex_unlock(&v->lock);
	return r < 0 ? r : vio_start_thread(v);
}

static int vio_register(struct vio *v, mac_register_t *m, vio_net_handle_t *vhp,
			vio_net_callbacks_t *vcb)
{
	const vio_net_handle_t no_handle = *vhp;
	const vio_net_callbacks_t no_callbacks = *vcb;
	int r;

	m->m_error[0] = '\0';
	r = vio_open(v, m->m_loop);
	if (r == 0)
		r = session_begin(v, m->m_error, sizeof(m->m_error));
	if (r == 0)
		r = handle_new(v, &v->handle);
	if (r == 0) {
		*vhp = v->handle;
		*vcb = (vio_net_callbacks_t) {
			.vio_net_rx_cb = vio_on_rx,
			.vio_net_tx_update = vio_on_tx_update,
			.vio_net_report_err = vio_on_report_err,
		};
		r = vio_attach(v);
	}
	if (r == 0)
		return 0;
	if (!m->m_error[0])
		vio_refuse(m, -r, strerrordesc_np(-r));
	*vhp = no_handle;
	*vcb = no_callbacks;
	return r;
}

int vio_net_resource_reg(mac_register_t *macp, vio_net_res_type_t type, ether_addr_t local_maddr,
			 ether_addr_t rem_maddr, vio_net_handle_t *vhp, vio_net_callbacks_t *vcb)
{
	struct vio *v;
	int r;

	if (!macp)
		return EINVAL;
	if (!vhp || !vcb)
		return vio_refuse(macp, EINVAL,
				  "there is no place for the handle or the callbacks");
	r = vio_check(macp, type, local_maddr, rem_maddr);
	if (r)
		return r;
	v = vio_new(macp, type, local_maddr, rem_maddr);
	if (!v)
		return vio_refuse(macp, ENOMEM, "there is no memory left");
	vio_ask_capabilities(v);
	/* An entry point may unregister it before we are done. */
	vio_hold(v);
	r = vio_register(v, macp, vhp, vcb);
	if (r < 0 && (!v->handle || handle_take(v->handle)))
		vio_end(v);
	vio_release(v);
	return -r;
}

void vio_net_resource_unreg(vio_net_handle_t vhp)
{
	struct vio *v = handle_take(vhp);

	if (v)
		vio_end(v);
}

/* --- asking --- */

static enum vio_net_state vio_state(const struct vio *v)
{
	if (v->removed)
		return VIO_NET_STATE_REMOVED;
	if (v->session.stage != SESSION_OPEN)
		return VIO_NET_STATE_AWAY;
	return v->told.started ? VIO_NET_STATE_STARTED : VIO_NET_STATE_REGISTERED;
}

static void vio_fill_status(const struct vio *v, struct vio_net_status *ret)
{
	*ret = (struct vio_net_status) {
		.state = vio_state(v),
		.mtu = v->says.mtu,
		.rx_frames = v->counts.rx_frames,
		.tx_frames = v->counts.tx_frames,
		.malformed = v->counts.malformed,
		.norcvbuf = v->counts.norcvbuf,
		.tx_stops = v->counts.tx_stops,
	};
	memcpy(ret->address, v->local, ETHERADDRL);
	memcpy(ret->vnet, v->vnet, sizeof(ret->vnet));
	memcpy(ret->name, v->name, sizeof(ret->name));
	memcpy(ret->device, v->device, sizeof(ret->device));
	memcpy(ret->error, v->error, sizeof(ret->error));
}

int vio_net_resource_status(vio_net_handle_t vhp, struct vio_net_status *ret)
{
	struct vio_call call;
	struct vio *v = ret ? vio_enter(vhp, &call) : NULL;

	if (!v)
		return EINVAL;
	pthread_mutex_lock(&v->lock);
	vio_fill_status(v, ret);
	pthread_mutex_unlock(&v->lock);
	vio_leave(v, &call);
	return 0;
}
