/* SPDX-License-Identifier: GPL-2.0-only */
/* Bytes of a frame in network order, one behind the other, and the sums of the Internet's protocols. */
#ifndef LAB_BYTES_H
#define LAB_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint8_t *put8(uint8_t *at, unsigned int value)
{
	*at = (uint8_t)value;
	return at + 1;
}

static inline uint8_t *put16(uint8_t *at, unsigned int value)
{
	return put8(put8(at, value >> 8), value);
}

static inline uint8_t *put32(uint8_t *at, uint32_t value)
{
	return put16(put16(at, value >> 16), value);
}

static inline uint8_t *put_bytes(uint8_t *at, const void *bytes, size_t len)
{
	memcpy(at, bytes, len);
	return at + len;
}

static inline uint32_t sum_add(uint32_t sum, const uint8_t *at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += i & 1 ? at[i] : (uint32_t)at[i] << 8;
	return sum;
}

static inline uint16_t sum_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

#endif
