/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a test looks at in the kernel in memory. */
#include <arpa/inet.h>

#include "fake_kernel_internal.h"

static const void *value_of(const struct fake_map *map, const void *key, size_t size)
{
	for (size_t i = 0; i < FAKE_MAX; i++)
		if (map->rows[i].used && memcmp(map->rows[i].key, key, size) == 0)
			return map->rows[i].value;
	return NULL;
}

size_t fake_kernel_count(const struct fake_map *map)
{
	size_t n = 0;

	for (size_t i = 0; i < FAKE_MAX; i++)
		n += map->rows[i].used;
	return n;
}

const struct abi_vnet *fake_kernel_vnet(struct fake_kernel *k, uint32_t number)
{
	return value_of(&k->vnets, &number, sizeof(number));
}

const struct abi_resource *fake_kernel_resource(struct fake_kernel *k, uint32_t number)
{
	return value_of(&k->resources, &number, sizeof(number));
}

const struct abi_vlans *fake_kernel_vlans(struct fake_kernel *k, uint32_t vnet, uint32_t resource)
{
	struct abi_vlans_key key = { .vnet = vnet, .resource = resource };

	return value_of(&k->vlans, &key, sizeof(key));
}

const struct abi_port *fake_kernel_port(struct fake_kernel *k, uint32_t ifindex)
{
	return value_of(&k->ports, &ifindex, sizeof(ifindex));
}

const struct abi_storm *fake_kernel_storm(struct fake_kernel *k, uint32_t vnet, uint32_t resource)
{
	struct abi_storm_key key = { .vnet = vnet, .resource = resource };

	return value_of(&k->storms, &key, sizeof(key));
}

bool fake_kernel_device(struct fake_kernel *k, uint32_t ifindex)
{
	return value_of(&k->devices, &ifindex, sizeof(ifindex));
}

bool fake_kernel_allowed(struct fake_kernel *k, const struct abi_allowed_key *key)
{
	return value_of(&k->allowed, key, sizeof(*key));
}

uint32_t fake_kernel_fdb(struct fake_kernel *k, uint32_t vnet, uint16_t vlan, const char *mac)
{
	struct abi_fdb_key key = { .vnet = vnet, .vlan = vlan };
	const uint32_t *number;

	if (mac_parse(mac, key.mac))
		return 0;
	number = value_of(&k->fdb, &key, sizeof(key));
	return number ? *number : 0;
}

const struct abi_flow *fake_kernel_flow(struct fake_kernel *k, uint32_t number)
{
	return value_of(&k->flows, &number, sizeof(number));
}

bool fake_kernel_has_xsk(struct fake_kernel *k, uint32_t place)
{
	return value_of(&k->xsks, &place, sizeof(place));
}

const struct flow_rule *fake_kernel_flow_rule(struct fake_kernel *k, uint32_t number)
{
	return value_of(&k->flow_rules, &number, sizeof(number));
}

const struct abi_limit *fake_kernel_limit(struct fake_kernel *k, enum abi_limit_kind kind,
					  uint32_t number)
{
	const struct abi_limit_key key = { .kind = kind, .number = number };

	return value_of(&k->limits, &key, sizeof(key));
}

const struct abi_uplink *fake_kernel_uplink(struct fake_kernel *k, uint32_t number)
{
	return value_of(&k->uplinks, &number, sizeof(number));
}

bool fake_kernel_member(struct fake_kernel *k, uint32_t uplink, uint32_t resource)
{
	const struct fake_member key = { uplink, resource };

	return value_of(&k->members, &key, sizeof(key));
}

bool fake_kernel_learner(struct fake_kernel *k, uint32_t resource)
{
	return value_of(&k->learners, &resource, sizeof(resource));
}

int64_t fake_kernel_address(struct fake_kernel *k, uint32_t uplink, uint16_t vlan,
			    const char *address)
{
	struct abi_address_key key = { .uplink = uplink, .vlan = vlan };
	const struct abi_holder *holder;

	if (inet_pton(AF_INET6, address, key.address) != 1)
		return -1;
	holder = value_of(&k->addresses, &key, sizeof(key));
	return holder ? (int64_t)holder->resource : -1;
}

size_t fake_kernel_fdb_count(struct fake_kernel *k)
{
	return fake_kernel_count(&k->fdb);
}

static void text_links(const struct fake_kernel *k, FILE *out)
{
	char mac[MAC_TEXT_SIZE], filter[MAC_TEXT_SIZE];

	for (size_t i = 0; i < k->link_count; i++) {
		const struct link *l = &k->links[i];

		fprintf(out, "link %03u %s %s mtu %u flags %x carrier %d master %u peer %u",
			l->ifindex, l->name, mac_format(l->address, mac), l->mtu, l->flags,
			l->carrier, l->master, l->peer);
		fprintf(out, " filter %s hooks", mac_format(k->filter[l->ifindex], filter));
		for (size_t hook = 0; hook < KERNEL_HOOK_END; hook++)
			fprintf(out, " %d", k->attached[hook][l->ifindex]);
		fprintf(out, " offloads %x", k->offloads[l->ifindex].on);
		fprintf(out, " mark %s", k->marks[l->ifindex]);
		fputc('\n', out);
	}
}

static void text_hex(const uint8_t *bytes, size_t size, FILE *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < size; i++) {
		putc_unlocked(digits[bytes[i] >> 4], out);
		putc_unlocked(digits[bytes[i] & 15], out);
	}
}

static void text_map(const struct fake_map *map, const char *name, size_t key_size,
		     size_t value_size, FILE *out)
{
	for (size_t i = 0; i < FAKE_MAX; i++) {
		if (!map->rows[i].used)
			continue;
		fprintf(out, "%s ", name);
		text_hex(map->rows[i].key, key_size, out);
		fputs(" = ", out);
		text_hex(map->rows[i].value, value_size, out);
		fputc('\n', out);
	}
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Where a row lies in memory says nothing. */
static char *sorted(char *text)
{
	char *lines[FAKE_MAX * 17], *result = NULL;
	size_t n = 0, size;
	FILE *out = open_memstream(&result, &size);

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		lines[n++] = line;
	qsort(lines, n, sizeof(lines[0]), compare_lines);
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%s\n", lines[i]);
	fclose(out);
	free(text);
	return result;
}

char *fake_kernel_text(const struct fake_kernel *k)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	text_links(k, out);
	text_map(&k->ports, "port", sizeof(uint32_t), sizeof(struct abi_port), out);
	text_map(&k->vnets, "vnet", sizeof(uint32_t), sizeof(struct abi_vnet), out);
	text_map(&k->resources, "resource", sizeof(uint32_t), sizeof(struct abi_resource), out);
	text_map(&k->fdb, "fdb", sizeof(struct abi_fdb_key), sizeof(uint32_t), out);
	text_map(&k->vlans, "vlans", sizeof(struct abi_vlans_key), sizeof(struct abi_vlans), out);
	text_map(&k->devices, "device", sizeof(uint32_t), sizeof(struct abi_device), out);
	text_map(&k->storms, "storm", sizeof(struct abi_storm_key), sizeof(struct abi_storm), out);
	text_map(&k->allowed, "allowed", sizeof(struct abi_allowed_key), 0, out);
	fake_vf_text(k, out);
	fake_ntuple_text(k, out);
	text_map(&k->flows, "flow", sizeof(uint32_t), sizeof(struct abi_flow), out);
	text_map(&k->flow_rules, "rule", sizeof(uint32_t), 0, out);
	text_map(&k->limits, "limit", sizeof(struct abi_limit_key), sizeof(struct abi_limit), out);
	text_map(&k->cpus, "cpu", sizeof(uint32_t), 0, out);
	text_map(&k->uplinks, "uplink", sizeof(uint32_t), sizeof(struct abi_uplink), out);
	text_map(&k->filters, "filter", sizeof(uint32_t) + MAC_LEN, 0, out);
	text_map(&k->members, "member", sizeof(struct fake_member), 0, out);
	text_map(&k->addresses, "address", sizeof(struct abi_address_key),
		 sizeof(struct abi_holder), out);
	text_map(&k->learners, "learner", sizeof(uint32_t), 0, out);
	fclose(out);
	return sorted(text);
}

bool fake_kernel_is_clean(struct fake_kernel *k)
{
	static const uint8_t none[MAC_LEN];

	for (uint32_t i = 0; i < FAKE_IFINDEX_MAX; i++) {
		if (memcmp(k->filter[i], none, MAC_LEN) != 0 || k->marks[i][0] || k->fq[i])
			return false;
		for (size_t hook = 0; hook < KERNEL_HOOK_END; hook++)
			if (k->attached[hook][i])
				return false;
	}
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(k->vf_marks); i++)
		if (k->vf_marks[i].text[0])
			return false;
	for (size_t i = 0; i < FAKE_NTUPLES; i++)
		if (k->ntuples[i].ifindex || k->filter_marks[i].text[0])
			return false;
	return !fake_kernel_count(&k->ports) && !fake_kernel_count(&k->vnets) &&
	       !fake_kernel_count(&k->resources) && !fake_kernel_count(&k->fdb) &&
	       !fake_kernel_count(&k->vlans) && !fake_kernel_count(&k->devices) &&
	       !fake_kernel_count(&k->storms) && !fake_kernel_count(&k->allowed) &&
	       !fake_kernel_count(&k->flows) && !fake_kernel_count(&k->limits) &&
	       !fake_kernel_count(&k->cpus) && !fake_kernel_count(&k->xsks) &&
	       !fake_kernel_count(&k->uplinks) && !fake_kernel_count(&k->filters) &&
	       !fake_kernel_count(&k->members) && !fake_kernel_count(&k->addresses) &&
	       !fake_kernel_count(&k->learners);
}
