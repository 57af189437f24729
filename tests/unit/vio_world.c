// SPDX-License-Identifier: GPL-2.0-or-later
#include "vio_world.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "unit.h"

#define WORLD_TEXT_BYTES (1 << 17)

const struct vio_answer vio_world_usual = { .fds = VIO_WORLD_FDS_ASKED, .mtu = 1500 };

/* --- ports; under the lock --- */

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void close_taps(struct vio_port *p)
{
	for (unsigned int i = 0; i < MAC_QUEUES_MAX; i++) {
		close_fd(&p->tap[i]);
		close_fd(&p->given[i]);
	}
}

static struct vio_port *take_port(struct vio_world *w, int fd)
{
	struct vio_port *p = w->ports;

	while (p < w->ports + VIO_WORLD_PORTS && p->used)
		p++;
	must(p < w->ports + VIO_WORLD_PORTS);
	*p = (struct vio_port) { .used = true, .fd = fd };
	memset(p->tap, -1, sizeof(p->tap));
	memset(p->given, -1, sizeof(p->given));
	return p;
}

static void drop_connection(struct vio_port *p)
{
	close_fd(&p->fd);
	free(p->buffer);
	p->buffer = NULL;
	p->length = 0;
}

static void drop_port(struct vio_port *p)
{
	drop_connection(p);
	close_taps(p);
	p->used = false;
}

static struct vio_port *find_token(struct vio_world *w, const char *token)
{
	for (struct vio_port *p = w->ports; p < w->ports + VIO_WORLD_PORTS; p++)
		if (p->used && p->registered && p->fd < 0 && token && !strcmp(p->token, token))
			return p;
	return NULL;
}

/* --- sending --- */

static void send_all(int fd, const void *bytes, size_t n, const int *fds, unsigned int count)
{
	union {
		char bytes[CMSG_SPACE(MAC_QUEUES_MAX * sizeof(int))];
		struct cmsghdr align;
	} control = { .bytes = { 0 } };
	struct iovec part = { .iov_base = (void *)bytes, .iov_len = n };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };

	if (count) {
		struct cmsghdr *c;

		m.msg_control = control.bytes;
		m.msg_controllen = CMSG_SPACE(count * sizeof(int));
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(c), fds, count * sizeof(int));
	}
	/* The library may have gone already. */
	must(sendmsg(fd, &m, MSG_NOSIGNAL) == (ssize_t)n || errno == EPIPE || errno == ECONNRESET);
}

/* --- Provide --- */

static void make_taps(struct vio_port *p, unsigned int count)
{
	close_taps(p);
	for (unsigned int i = 0; i < count; i++) {
		int pair[2];

		must(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
		must(!fcntl(pair[1], F_SETFL, O_NONBLOCK));
		p->tap[i] = pair[0];
		p->given[i] = pair[1];
	}
}

/* Those below the limit are all in use. */
static void limit_fds(void)
{
	struct rlimit limit;

	must(!getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = 8;
	must(!setrlimit(RLIMIT_NOFILE, &limit));
}

static void send_registered(struct vio_world *w, struct vio_port *p, bool had_taps)
{
	unsigned int count = had_taps ? 0 : p->queues;
	char text[512];

	if (w->answer.fds != VIO_WORLD_FDS_ASKED)
		count = (unsigned int)w->answer.fds;
	if (w->answer.new_taps || !had_taps)
		make_taps(p, count);
	if (w->answer.raw)
		snprintf(text, sizeof(text), "%s", w->answer.raw);
	else
		snprintf(text, sizeof(text),
			 "{\"parameters\":{\"registered\":{\"vnet\":\"vnet0\",\"name\":\"p0\","
			 "\"device\":\"tap0\",\"token\":\"%s\",\"queues\":%u,\"mtu\":%u}},"
			 "\"continues\":true}",
			 p->token, p->queues, w->answer.mtu);
	if (w->answer.few_fds)
		limit_fds();
	send_all(p->fd, text, strlen(text) + !w->answer.half, p->given, count);
	if (w->answer.few_fds)
		return;
	/* The provider alone holds them. */
	for (unsigned int i = 0; i < count; i++)
		close_fd(&p->given[i]);
}

static const char world_started[] =
	"{\"parameters\":{\"state\":{\"started\":true,\"address\":\"" VIO_WORLD_LOCAL
	"\",\"mtu\":1500,\"promiscuous\":true,\"multicast\":[\"01:00:5e:00:00:0a\"]}},"
	"\"continues\":true}";

static struct vio_port *on_provide(struct vio_world *w, struct vio_port *p,
				   struct json_object *parameters)
{
	struct json_object *provision, *value = NULL;
	struct vio_port *before;
	bool had_taps;

	must(json_object_object_get_ex(parameters, "provision", &provision));
	json_object_object_get_ex(provision, "token", &value);
	before = find_token(w, json_object_get_string(value));
	had_taps = before && before->tap[0] >= 0 && !w->answer.new_taps;
	if (before && !w->answer.silent) {
		before->fd = p->fd;
		p->fd = -1;
		drop_port(p);
		p = before;
	}
	value = NULL;
	json_object_object_get_ex(provision, "queues", &value);
	p->queues = (unsigned int)json_object_get_int(value);
	if (!p->token[0])
		snprintf(p->token, sizeof(p->token), "token-%u", ++w->tokens);
	if (!w->answer.silent)
		send_registered(w, p, had_taps);
	p->registered = !w->answer.raw && !w->answer.silent;
	if (w->answer.start)
		send_all(p->fd, world_started, sizeof(world_started), NULL, 0);
	if (w->answer.hang_up)
		shutdown(p->fd, SHUT_RDWR);
	return p;
}

/* --- what comes --- */

static struct vio_port *on_withdraw(struct vio_world *w, struct vio_port *p,
				    struct json_object *parameters)
{
	static const char removed[] = "{\"parameters\":{\"removed\":\"withdrawn\"}}";

	if (!w->mute)
		send_all(p->fd, removed, sizeof(removed), NULL, 0);
	return p;
}

static struct vio_port *on_nothing(struct vio_world *w, struct vio_port *p,
				   struct json_object *parameters)
{
	return p;
}

static const struct world_method {
	const char *name;
	enum vio_seen kind;
	struct vio_port *(*on)(struct vio_world *w, struct vio_port *p, struct json_object *o);
} world_methods[] = {
	{ "io.vnetd.Control.Provide", SEEN_PROVIDE, on_provide },
	{ "io.vnetd.Control.Report", SEEN_REPORT, on_nothing },
	{ "io.vnetd.Control.Count", SEEN_COUNT, on_nothing },
	{ "io.vnetd.Control.Withdraw", SEEN_WITHDRAW, on_withdraw },
	{ 0 },
};

static struct vio_port *on_message(struct vio_world *w, struct vio_port *p, const char *text)
{
	struct json_object *request = json_tokener_parse(text), *name, *parameters;
	const struct world_method *m = world_methods;

	must(json_object_object_get_ex(request, "method", &name));
	must(json_object_object_get_ex(request, "parameters", &parameters));
	while (m->name && strcmp(m->name, json_object_get_string(name)) != 0)
		m++;
	must(m->name);
	/* Provide is a stream, nothing else has an answer. */
	must(json_object_object_get_ex(request, m->kind == SEEN_PROVIDE ? "more" : "oneway", NULL));
	free(w->last[m->kind]);
	w->last[m->kind] =
		strdup(json_object_to_json_string_ext(parameters, JSON_C_TO_STRING_PLAIN));
	p = m->on(w, p, parameters);
	w->seen[m->kind]++;
	json_object_put(request);
	return p;
}

static void on_readable(struct vio_world *w, struct vio_port *p)
{
	ssize_t n;
	char *nul;

	if (!p->buffer)
		p->buffer = malloc(WORLD_TEXT_BYTES);
	n = recv(p->fd, p->buffer + p->length, WORLD_TEXT_BYTES - p->length, MSG_DONTWAIT);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		w->seen[SEEN_CLOSE]++;
		drop_port(p);
		return;
	}
	p->length += (size_t)n;
	while (p->length && (nul = memchr(p->buffer, '\0', p->length))) {
		char *text = strdup(p->buffer);
		size_t used = (size_t)(nul + 1 - p->buffer);

		memmove(p->buffer, nul + 1, p->length - used);
		p->length -= used;
		p = on_message(w, p, text);
		free(text);
	}
}

static void on_connection(struct vio_world *w)
{
	int fd = accept4(w->listening, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	take_port(w, fd);
	w->seen[SEEN_CONNECT]++;
}

/* --- the thread --- */

static nfds_t fill_poll(struct vio_world *w, struct pollfd *p, struct vio_port **ret)
{
	nfds_t n = 2;

	p[0] = (struct pollfd) { .fd = w->wake, .events = POLLIN };
	p[1] = (struct pollfd) { .fd = w->listening, .events = POLLIN };
	for (unsigned int i = 0; i < VIO_WORLD_PORTS && !w->deaf; i++)
		if (w->ports[i].used && w->ports[i].fd >= 0) {
			ret[n] = &w->ports[i];
			p[n++] = (struct pollfd) { .fd = w->ports[i].fd, .events = POLLIN };
		}
	return n;
}

/* The lock is not held while it waits, so each is looked at again. */
static void serve(struct vio_world *w, const struct pollfd *p, nfds_t n, struct vio_port **ports)
{
	uint64_t wakes;

	if (p[0].revents)
		must(read(w->wake, &wakes, sizeof(wakes)) == sizeof(wakes));
	for (nfds_t i = 2; i < n; i++)
		if (p[i].revents && ports[i]->used && ports[i]->fd == p[i].fd && !w->deaf)
			on_readable(w, ports[i]);
	/* After the end of an older one, whose port it takes. */
	if (p[1].revents && p[1].fd == w->listening)
		on_connection(w);
	pthread_cond_broadcast(&w->changed);
}

static void *world_thread(void *context)
{
	struct vio_port *ports[2 + VIO_WORLD_PORTS];
	struct pollfd p[2 + VIO_WORLD_PORTS];
	struct vio_world *w = context;
	nfds_t n;

	pthread_mutex_lock(&w->lock);
	while (!w->ending) {
		n = fill_poll(w, p, ports);
		pthread_mutex_unlock(&w->lock);
		must(poll(p, n, -1) >= 0 || errno == EINTR);
		pthread_mutex_lock(&w->lock);
		serve(w, p, n, ports);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static void wake(struct vio_world *w)
{
	uint64_t one = 1;

	must(write(w->wake, &one, sizeof(one)) == sizeof(one));
}

/* --- life --- */

static void listen_again(struct vio_world *w)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", w->path);
	w->listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	must(w->listening >= 0);
	must(!bind(w->listening, (struct sockaddr *)&address, sizeof(address)));
	must(!listen(w->listening, 64));
}

struct vio_world *vio_world_new(void)
{
	struct vio_world *w = calloc(1, sizeof(*w));

	must(w);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	w->answer = vio_world_usual;
	w->wake = eventfd(0, EFD_CLOEXEC);
	snprintf(w->folder, sizeof(w->folder), "/tmp/vnet-vio.XXXXXX");
	must(mkdtemp(w->folder));
	snprintf(w->path, sizeof(w->path), "%s/socket", w->folder);
	listen_again(w);
	must(!pthread_create(&w->thread, NULL, world_thread, w));
	return w;
}

void vio_world_free(struct vio_world *w)
{
	pthread_mutex_lock(&w->lock);
	w->ending = true;
	pthread_mutex_unlock(&w->lock);
	wake(w);
	pthread_join(w->thread, NULL);
	for (unsigned int i = 0; i < VIO_WORLD_PORTS; i++)
		if (w->ports[i].used)
			drop_port(&w->ports[i]);
	for (int i = 0; i < SEEN_KINDS; i++)
		free(w->last[i]);
	close_fd(&w->listening);
	close_fd(&w->wake);
	unlink(w->path);
	rmdir(w->folder);
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

void vio_world_leave(struct vio_world *w)
{
	pthread_mutex_lock(&w->lock);
	close_fd(&w->listening);
	unlink(w->path);
	for (struct vio_port *p = w->ports; p < w->ports + VIO_WORLD_PORTS; p++) {
		if (p->used && p->registered)
			drop_connection(p);
		else if (p->used)
			drop_port(p);
	}
	pthread_mutex_unlock(&w->lock);
	wake(w);
}

void vio_world_forget(struct vio_world *w)
{
	pthread_mutex_lock(&w->lock);
	for (struct vio_port *p = w->ports; p < w->ports + VIO_WORLD_PORTS; p++)
		if (p->used)
			drop_port(p);
	pthread_mutex_unlock(&w->lock);
	wake(w);
}

void vio_world_return(struct vio_world *w)
{
	pthread_mutex_lock(&w->lock);
	listen_again(w);
	pthread_mutex_unlock(&w->lock);
	wake(w);
}

/* --- what the test sets --- */

void vio_world_answer(struct vio_world *w, struct vio_answer answer)
{
	pthread_mutex_lock(&w->lock);
	w->answer = answer;
	pthread_mutex_unlock(&w->lock);
}

void vio_world_set_deaf(struct vio_world *w, bool deaf)
{
	pthread_mutex_lock(&w->lock);
	w->deaf = deaf;
	pthread_mutex_unlock(&w->lock);
	wake(w);
}

void vio_world_set_mute(struct vio_world *w, bool mute)
{
	pthread_mutex_lock(&w->lock);
	w->mute = mute;
	pthread_mutex_unlock(&w->lock);
}

/* --- what has come --- */

static void await_change(struct vio_world *w, const struct timespec *deadline, const char *what)
{
	if (pthread_cond_timedwait(&w->changed, &w->lock, deadline) == ETIMEDOUT)
		ck_abort_msg("waited in vain for %s", what);
}

static struct timespec deadline_from_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += VIO_WORLD_DEADLINE_MS / 1000;
	return t;
}

static const char *const kind_names[] = {
	[SEEN_CONNECT] = "a connection", [SEEN_PROVIDE] = "Provide",   [SEEN_REPORT] = "Report",
	[SEEN_COUNT] = "Count",		 [SEEN_WITHDRAW] = "Withdraw", [SEEN_CLOSE] = "an end",
};

void vio_world_await(struct vio_world *w, enum vio_seen kind, unsigned int count)
{
	struct timespec deadline = deadline_from_now();

	pthread_mutex_lock(&w->lock);
	while (w->seen[kind] < count)
		await_change(w, &deadline, kind_names[kind]);
	pthread_mutex_unlock(&w->lock);
}

void vio_world_await_text(struct vio_world *w, enum vio_seen kind, const char *text)
{
	struct timespec deadline = deadline_from_now();

	pthread_mutex_lock(&w->lock);
	while (!w->last[kind] || !strstr(w->last[kind], text))
		await_change(w, &deadline, text);
	pthread_mutex_unlock(&w->lock);
}

unsigned int vio_world_seen(struct vio_world *w, enum vio_seen kind)
{
	unsigned int n;

	pthread_mutex_lock(&w->lock);
	n = w->seen[kind];
	pthread_mutex_unlock(&w->lock);
	return n;
}

char *vio_world_last(struct vio_world *w, enum vio_seen kind)
{
	char *text;

	pthread_mutex_lock(&w->lock);
	text = strdup(w->last[kind] ? w->last[kind] : "");
	pthread_mutex_unlock(&w->lock);
	return text;
}

/* --- saying something --- */

static void send_to_port(struct vio_world *w, unsigned int port, const void *bytes, size_t n,
			 bool registered)
{
	const struct vio_port *p = &w->ports[port];

	pthread_mutex_lock(&w->lock);
	if (p->used && p->fd >= 0 && (p->registered || !registered))
		send_all(p->fd, bytes, n, NULL, 0);
	pthread_mutex_unlock(&w->lock);
}

void vio_world_send_bytes(struct vio_world *w, unsigned int port, const void *bytes, size_t n)
{
	send_to_port(w, port, bytes, n, false);
}

void vio_world_send(struct vio_world *w, unsigned int port, const char *format, ...)
{
	char *member, *text;
	va_list args;

	va_start(args, format);
	must(vasprintf(&member, format, args) >= 0);
	va_end(args);
	must(asprintf(&text, "{\"parameters\":{%s},\"continues\":true}", member) >= 0);
	send_to_port(w, port, text, strlen(text) + 1, true);
	free(member);
	free(text);
}

void vio_world_state(struct vio_world *w, unsigned int port, struct vio_state s)
{
	char report[64] = "";

	if (s.report)
		snprintf(report, sizeof(report), ",\"report\":\"%s\",\"reports\":%u", s.report,
			 s.reports);
	vio_world_send(w, port,
		       "\"state\":{\"started\":%s,\"address\":\"%s\",\"mtu\":%u,"
		       "\"promiscuous\":%s,\"multicast\":%s%s}",
		       s.stopped ? "false" : "true", s.address ? s.address : VIO_WORLD_LOCAL,
		       s.mtu ? s.mtu : 1500, s.promiscuous ? "true" : "false",
		       s.groups ? s.groups : "[]", report);
}

void vio_world_hang_up(struct vio_world *w, unsigned int port)
{
	pthread_mutex_lock(&w->lock);
	if (w->ports[port].used && w->ports[port].registered)
		drop_connection(&w->ports[port]);
	pthread_mutex_unlock(&w->lock);
	wake(w);
}

void vio_world_delete_tap(struct vio_world *w, unsigned int port)
{
	pthread_mutex_lock(&w->lock);
	close_taps(&w->ports[port]);
	pthread_mutex_unlock(&w->lock);
}
