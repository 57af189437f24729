# SPDX-License-Identifier: GPL-2.0-or-later
# What the system needs beside the programs; called by the Makefile's install and uninstall. The files
# are written for the prefix /usr/local and are put in place for PREFIX.

PREFIX	?= /usr/local
UNITDIR	?= $(PREFIX)/lib/systemd
UDEVDIR	?= $(PREFIX)/lib/udev
HERE	:= $(dir $(lastword $(MAKEFILE_LIST)))

# The unit's stanza in the sources = where it goes.
FILES	:= vnetd.service=$(UNITDIR)/system/vnetd.service \
	   vnetd-lower.service=$(UNITDIR)/system/vnetd-lower.service \
	   run-vnetbpf.mount=$(UNITDIR)/system/run-vnetbpf.mount \
	   lower.network=$(UNITDIR)/network/10-vnet-lower.network \
	   sysusers.conf=$(PREFIX)/lib/sysusers.d/vnetd.conf \
	   tmpfiles.conf=$(PREFIX)/lib/tmpfiles.d/vnetd.conf \
	   udev.rules=$(UDEVDIR)/rules.d/82-vnet.rules
SCRIPT	:= $(PREFIX)/lib/vnet/vnet-lower

.PHONY: install uninstall

install:
	@set -e; for row in $(FILES); do \
		to="$(DESTDIR)$${row#*=}"; \
		install -d "$${to%/*}"; \
		sed 's|/usr/local|$(PREFIX)|g' "$(HERE)$${row%%=*}" > "$$to"; \
		chmod 644 "$$to"; \
	done
	install -D -m 755 $(HERE)vnet-lower $(DESTDIR)$(SCRIPT)

uninstall:
	rm -f $(foreach row,$(FILES),$(DESTDIR)$(lastword $(subst =, ,$(row)))) $(DESTDIR)$(SCRIPT)
