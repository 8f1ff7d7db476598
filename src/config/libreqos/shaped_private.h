/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the file (shaped_devices.c), its header (shaped_header.c) and a row (shaped_row.c). */
#pragma once

#include "config/libreqos/csv.h"
#include "model/net_index.h"
#include "model/network.h"

enum shaped_column {
	SHAPED_CIRCUIT_ID,
	SHAPED_CIRCUIT_NAME,
	SHAPED_DEVICE_ID,
	SHAPED_DEVICE_NAME,
	SHAPED_PARENT,
	SHAPED_MAC,
	SHAPED_IPV4,
	SHAPED_IPV6,
	SHAPED_MIN_DOWN,
	SHAPED_MIN_UP,
	SHAPED_MAX_DOWN,
	SHAPED_MAX_UP,
	SHAPED_COMMENT,
	SHAPED_PARENT_ID,
	SHAPED_ANCHOR_ID,
	SHAPED_SQM,
	SHAPED_COLUMNS,
};

/* Where each column stands in a row, -1 = nowhere. */
struct shaped_header {
	int field[SHAPED_COLUMNS];
	size_t n; /* fields of a row */
};

struct shaped_reader {
	struct csv csv;
	struct shaped_header header;
	struct network *network;
	struct net_index circuits; /* of this file, by id */
	bool told_id;
	struct diag *d;
};

const char *shaped_column_name(enum shaped_column column);
/* Reads the header from the first record; -EINVAL: reported, the rows cannot be understood. */
int shaped_header_read(const struct csv *csv, struct shaped_header *ret, struct diag *d);
/*
 * Reads the record's circuit, with one device.  Every mistake is reported in the reader's diag;
 * only -ENOMEM is an error of the call.  Free the circuit in any case.
 */
int shaped_row_read(struct shaped_reader *r, struct net_circuit *ret);
