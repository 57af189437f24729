/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What cppcheck has to know of the macros that it meets; it reads no system headers. */
#define HASH_ITER(hh, head, el, tmp)	      for ((el) = (head); (el); (el) = (tmp))
#define DL_FOREACH(head, el)		      for ((el) = (head); (el); (el) = (el)->next)
#define DL_FOREACH_SAFE(head, el, tmp)	      for ((el) = (head), (tmp) = NULL; (el); (el) = (tmp))
#define DL_FOREACH2(head, el, next)	      for ((el) = (head); (el); (el) = (el)->next)
#define DL_FOREACH_SAFE2(head, el, tmp, next) for ((el) = (head), (tmp) = NULL; (el); (el) = (tmp))
#define LL_FOREACH(head, el)		      for ((el) = (head); (el); (el) = (el)->next)
#define LIBBPF_OPTS(type, name, ...)	      struct type name = { __VA_ARGS__ }
#define START_TEST(name)		      static void name(int _i)
#define END_TEST
#define SEC(name)
#define __uint(name, value) int(*name)[value]
#define __type(name, value) value *name
