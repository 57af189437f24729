// SPDX-License-Identifier: GPL-2.0-or-later
#include "asker.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>

#define ASKER_STACK_BYTES 131072

enum asker_state {
	ASKER_IDLE,
	ASKER_ASKED, /* the thread has something to do, or is at it */
	ASKER_ANSWERED,
	ASKER_END,
};

/* What the thread works on is in here, for whoever asked may have gone on long ago. */
struct asker {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum asker_state state;
	bool forgotten; /* nobody waits for the answer */
	int fd;		/* a duplicate, so that its number cannot become another's meanwhile */
	bool wants_answer;
	size_t length;
	ssize_t result;
	uint8_t question[ASKER_QUESTION_BYTES];
	uint8_t answer[ASKER_ANSWER_BYTES];
};

static ssize_t do_ask(struct asker *a)
{
	ssize_t n = send(a->fd, a->question, a->length, 0);

	if (n < 0)
		return -errno;
	if (!a->wants_answer)
		return 0;
	n = recv(a->fd, a->answer, sizeof(a->answer), 0);
	return n < 0 ? -errno : n;
}

static void *run(void *context)
{
	struct asker *a = context;

	pthread_mutex_lock(&a->lock);
	for (;;) {
		while (a->state != ASKER_ASKED && a->state != ASKER_END)
			pthread_cond_wait(&a->changed, &a->lock);
		if (a->state == ASKER_END)
			break;
		pthread_mutex_unlock(&a->lock);
		a->result = do_ask(a);
		close(a->fd);
		pthread_mutex_lock(&a->lock);
		if (a->state == ASKER_ASKED)
			a->state = a->forgotten ? ASKER_IDLE : ASKER_ANSWERED;
		pthread_cond_broadcast(&a->changed);
	}
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

/* Signals are for the loop alone. */
static int start(struct asker *a)
{
	sigset_t all, before;
	pthread_attr_t attributes;
	int r = pthread_attr_init(&attributes);

	if (r)
		return -r;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_attr_setstacksize(&attributes, ASKER_STACK_BYTES);
	if (!r)
		r = pthread_create(&a->thread, &attributes, run, a);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return -r;
}

int asker_new(struct asker **ret)
{
	struct asker *a = calloc(1, sizeof(*a));
	pthread_condattr_t attributes;
	int r;

	if (!a)
		return -ENOMEM;
	pthread_mutex_init(&a->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&a->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	r = start(a);
	if (r) {
		free(a);
		return r;
	}
	*ret = a;
	return 0;
}

void asker_free(struct asker *a)
{
	if (!a)
		return;
	pthread_mutex_lock(&a->lock);
	a->state = ASKER_END;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
	pthread_join(a->thread, NULL);
	pthread_cond_destroy(&a->changed);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

static struct timespec after(uint64_t wait_us)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += (time_t)(wait_us / 1000000);
	t.tv_nsec += (long)(wait_us % 1000000) * 1000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

static ssize_t exchange(struct asker *a, int fd, const void *question, size_t length,
			bool wants_answer, uint64_t wait_us)
{
	const struct timespec until = after(wait_us);

	if (a->state != ASKER_IDLE)
		return -EAGAIN;
	a->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (a->fd < 0)
		return -errno;
	memcpy(a->question, question, length);
	a->length = length;
	a->wants_answer = wants_answer;
	a->forgotten = false;
	a->state = ASKER_ASKED;
	pthread_cond_broadcast(&a->changed);
	while (a->state == ASKER_ASKED && !a->forgotten)
		a->forgotten = pthread_cond_timedwait(&a->changed, &a->lock, &until) != 0 &&
			       a->state == ASKER_ASKED;
	if (a->forgotten)
		return -EAGAIN;
	a->state = ASKER_IDLE;
	return a->result;
}

ssize_t asker_ask(struct asker *a, int fd, const void *question, size_t length, void *answer,
		  size_t size, uint64_t wait_us)
{
	ssize_t n;

	if (length > ASKER_QUESTION_BYTES)
		return -EMSGSIZE;
	pthread_mutex_lock(&a->lock);
	n = exchange(a, fd, question, length, answer, wait_us);
	if (n > (ssize_t)size)
		n = -EMSGSIZE;
	if (n > 0)
		memcpy(answer, a->answer, (size_t)n);
	pthread_mutex_unlock(&a->lock);
	return n;
}
