/* SPDX-License-Identifier: GPL-2.0-only */
/* The keys of ispConfig.py. */
#pragma once

#include "config/libreqos/isp_config.h"

enum isp_kind {
	ISP_TEXT,     /* conf_string */
	ISP_IFNAME,   /* conf_string */
	ISP_BOOL,     /* conf_bool */
	ISP_INT,      /* conf_int */
	ISP_RATE,     /* isp_rate, in Mbit/s */
	ISP_PREFIXES, /* isp_prefixes */
};

struct isp_row {
	const char *key;
	enum isp_kind kind;
	size_t offset;
	int64_t min, max; /* INT */
};

#define ISP_ROWS 17
extern const struct isp_row isp_rows[ISP_ROWS];
/* Known, without effect here; NULL ends the list. */
extern const char *const isp_unused[];

/* "True or False", ... */
void isp_value_wants(const struct isp_row *row, struct strbuf *out);
/* Stores the value in the row's place; -EINVAL: reported. */
int isp_value_read(const struct isp_row *row, const struct tree *t, struct isp_config *config,
		   struct diag *d);
void isp_value_clear(struct isp_config *config, const struct isp_row *row);
