/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For tests and fuzzers: what the readers understood, as text that can be compared.
 */
#pragma once

#include <inttypes.h>

#include "config/libreqos/isp_config.h"
#include "config/libreqos/network_json.h"
#include "config/libreqos/shaped_devices.h"

static inline void dump_rates(struct strbuf *out, const char *word, uint64_t down, uint64_t up)
{
	strbuf_addf(out, " %s ", word);
	net_rate_format_mbps(down, out);
	strbuf_add(out, "/");
	net_rate_format_mbps(up, out);
}

static inline void dump_device(struct strbuf *out, const struct net_device *d, bool places)
{
	strbuf_addf(out, "  device '%s' '%s' mac '%s' comment '%s'", d->id, d->name, d->mac,
		    d->comment);
	if (places)
		strbuf_addf(out, " line %u", d->at.line);
	vec_foreach(&d->addresses, a) {
		strbuf_add(out, "\n    ");
		net_prefix_format(&a->prefix, out);
		if (places)
			strbuf_addf(out, " at %u:%u", a->at.line, a->at.column);
	}
	strbuf_add(out, "\n");
}

static inline void dump_circuits(struct strbuf *out, const struct network *n, bool places)
{
	vec_foreach(&n->circuits, c) {
		strbuf_addf(out, "circuit '%s' '%s' on %s", c->id, c->name, c->parent ?: "-");
		dump_rates(out, "min", c->min.down, c->min.up);
		dump_rates(out, "max", c->max.down, c->max.up);
		strbuf_addf(out, " leaf %s/%s", c->leaf.down ?: "-", c->leaf.up ?: "-");
		if (places)
			strbuf_addf(out, " line %u", c->at.line);
		strbuf_add(out, "\n");
		vec_foreach(&c->devices, d)
			dump_device(out, d, places);
	}
}

static inline void dump_network(struct strbuf *out, const struct network *n)
{
	vec_foreach(&n->nodes, node) {
		strbuf_addf(out, "node '%s' '%s' below %s", node->name, node->type,
			    node->parent < 0 ? "-" : n->nodes.at[node->parent].name);
		dump_rates(out, node->is_virtual ? "virtual" : "max", node->max.down, node->max.up);
		strbuf_addf(out, " at %u:%u\n", node->at.line, node->at.column);
	}
	dump_circuits(out, n, true);
}

static inline void dump_isp_prefixes(struct strbuf *out, const char *word,
				     const struct isp_prefixes *p)
{
	strbuf_addf(out, "%s %d:", word, p->set);
	vec_foreach(&p->list, a) {
		strbuf_add(out, " ");
		net_prefix_format(&a->prefix, out);
	}
	strbuf_add(out, "\n");
}

static inline void dump_isp_rate(struct strbuf *out, const char *word, const struct isp_rate *rate)
{
	strbuf_addf(out, "%s %d: %" PRIu64 " line %u\n", word, rate->set, rate->value, rate->at.line);
}

static inline void dump_isp(struct strbuf *out, const struct isp_config *c)
{
	strbuf_addf(out, "sqm %d: %s at %u:%u\n", c->sqm.set, c->sqm.text ?: "-", c->sqm.at.line,
		    c->sqm.at.column);
	strbuf_addf(out, "monitor only %d: %d\n", c->monitor_only.set, c->monitor_only.value);
	dump_isp_rate(out, "uplink down", &c->uplink_down);
	dump_isp_rate(out, "uplink up", &c->uplink_up);
	dump_isp_rate(out, "generated down", &c->generated_down);
	dump_isp_rate(out, "generated up", &c->generated_up);
	strbuf_addf(out, "interfaces %s %s\n", c->interface_a.text ?: "-",
		    c->interface_b.text ?: "-");
	strbuf_addf(out, "stick %d: %d, %" PRId64 " %" PRId64 "\n", c->on_a_stick.set,
		    c->on_a_stick.value, c->stick_vlan_a.value, c->stick_vlan_b.value);
	strbuf_addf(out, "run commands %d: %d\n", c->run_commands.set, c->run_commands.value);
	strbuf_addf(out, "queues %d: %" PRId64 "\n", c->queues.set, c->queues.value);
	strbuf_addf(out, "bin packing %d: %d\n", c->bin_packing.set, c->bin_packing.value);
	strbuf_addf(out, "refresh %d: %" PRId64 "\n", c->refresh_minutes.set,
		    c->refresh_minutes.value);
	dump_isp_prefixes(out, "ignore", &c->ignore);
	dump_isp_prefixes(out, "allowed", &c->allowed);
}

static inline void csv_field_write(struct strbuf *out, const char *text)
{
	strbuf_add(out, "\"");
	for (; *text; text++) {
		strbuf_add(out, *text == '"' ? "\"" : "");
		strbuf_add_char(out, *text);
	}
	strbuf_add(out, "\",");
}

static inline void csv_rate_write(struct strbuf *out, uint64_t rate)
{
	if (rate)
		net_rate_format_mbps(rate, out);
	strbuf_add(out, ",");
}

/* The circuits as a file of their own.  No name comes first: # would make a comment of it. */
static inline void circuits_to_csv(const struct network *n, struct strbuf *out)
{
	strbuf_add(out, "Download Min Mbps,Upload Min Mbps,Download Max Mbps,Upload Max Mbps,"
			"Circuit ID,Circuit Name,Device ID,Device Name,Parent Node,MAC,Comment,sqm,"
			"IPv4\n");
	vec_foreach(&n->circuits, c)
		vec_foreach(&c->devices, d) {
			const char *const texts[] = { c->id,	       c->name, d->id,	   d->name,
						      c->parent ?: "", d->mac,	d->comment };

			csv_rate_write(out, c->min.down);
			csv_rate_write(out, c->min.up);
			csv_rate_write(out, c->max.down);
			csv_rate_write(out, c->max.up);
			for (size_t i = 0; i < ARRAY_LEN(texts); i++)
				csv_field_write(out, texts[i]);
			strbuf_addf(out, "%s%s%s,\"", c->leaf.down ?: "",
				    c->leaf.down || c->leaf.up ? "/" : "", c->leaf.up ?: "");
			vec_foreach(&d->addresses, a) {
				net_prefix_format(&a->prefix, out);
				strbuf_add(out, ", ");
			}
			strbuf_add(out, "\"\n");
		}
}
