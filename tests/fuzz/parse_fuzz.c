/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fuzzer for the packet parser: the packet path's parser, compiled for user space on a heap
 * block that ends where the frame ends, against the second parser. The mutator knows the
 * headers, so that it gets past the first of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipe/parse_native.h"
#include "pipe/parse_second.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare(const uint8_t *frame, size_t len, struct second_tag held)
{
	struct parse_view first, second;
	const char *field;

	parse_native(frame, len, held.proto, held.tci, &first);
	second_parse(frame, len, held, &second);
	field = second_difference(&first, &second);
	if (!field)
		return;
	fprintf(stderr, "parsers differ in %s, frame of %zu bytes:", field, len);
	for (size_t i = 0; i < len; i++)
		fprintf(stderr, " %02x", frame[i]);
	fprintf(stderr, "\n");
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	compare(data, size, (struct second_tag){ 0 });
	if (size > 4) /* the same bytes as an skb whose tag is elsewhere */
		compare(data + 4, size - 4,
			(struct second_tag){ data[0] & 1 ? 0x8100 : 0x88a8,
					     (uint16_t)(data[2] << 8 | data[3]) });
	return 0;
}

/* Bytes that mean something where they fit: types, protocol numbers, version and lengths. */
static const struct {
	uint8_t bytes[8], len;
} words[] = {
	{ { 0x81, 0x00, 0x60, 0x64 }, 4 },
	{ { 0x88, 0xa8, 0xb0, 0xc8 }, 4 },
	{ { 0x88, 0x64 }, 2 },
	{ { 0x88, 0x47 }, 2 },
	{ { 0x08, 0x00 }, 2 },
	{ { 0x86, 0xdd }, 2 },
	{ { 0x11, 0, 0, 7, 0, 0, 0, 0x21 }, 8 },
	{ { 0x11, 0, 0, 7, 0, 0, 0, 0x57 }, 8 },
	{ { 0, 1, 0x01, 64 }, 4 },
	{ { 0, 1, 0x00, 64 }, 4 },
	{ { 0x45, 0, 0, 40 }, 4 },
	{ { 0x4f, 0, 0, 80 }, 4 },
	{ { 0x60, 0, 0, 0, 0, 40, 6, 64 }, 8 },
	{ { 0x60, 0, 0, 0, 0, 48, 0, 64 }, 8 },
	{ { 44, 0, 0, 0, 1, 4, 0, 0 }, 8 },
	{ { 6, 0, 0, 1, 0, 0, 0, 1 }, 8 },
	{ { 60, 1 }, 2 },
	{ { 43, 0 }, 2 },
	{ { 51, 4 }, 2 },
	{ { 135, 0 }, 2 },
	{ { 6 }, 1 },
	{ { 17 }, 1 },
	{ { 58 }, 1 },
	{ { 1 }, 1 },
	{ { 0x80, 0x10 }, 2 },
	{ { 1, 1, 8, 10 }, 4 },
	{ { 8, 10 }, 2 },
	{ { 4, 2 }, 2 },
	{ { 5, 18 }, 2 },
	{ { 0x20, 0x00 }, 2 },
	{ { 0x20, 0xb9 }, 2 },
	{ { 17, 0, 0, 1, 0xde, 0xad, 0xbe, 0xef }, 8 },
	{ { 17, 0, 5, 0xc9, 0xde, 0xad, 0xbe, 0xef }, 8 },
	{ { 44, 0, 0, 9, 0xde, 0xad, 0xbe, 0xef }, 8 },
	{ { 3, 1 }, 2 },
	{ { 11, 0 }, 2 },
	{ { 128, 0 }, 2 },
};

/* The frame's packet becomes what an ICMP error quotes; later rounds change either, or cut it. */
static size_t wrap_in_error(uint8_t *data, size_t size, size_t max)
{
	static const uint8_t ipv4[28] = { 0x45, 0, 2, 0, 1, 2, 0, 0, 64, 1, [20] = 3 };
	static const uint8_t ipv6[48] = { 0x60, 0, 0, 0, 2, 0, 58, 64, [40] = 1 };
	const bool is_ipv6 = size > 14 && data[12] == 0x86;
	const uint8_t *header = is_ipv6 ? ipv6 : ipv4;
	const size_t len = is_ipv6 ? sizeof(ipv6) : sizeof(ipv4);

	if (size <= 14 || size + len > max)
		return LLVMFuzzerMutate(data, size, max);
	memmove(data + 14 + len, data + 14, size - 14);
	memcpy(data + 14, header, len);
	return size + len;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	size_t word = seed / 8 % (sizeof(words) / sizeof(*words));
	size_t at = 12 + seed / 512 % 64 * 2, len = words[word].len;

	if (seed % 4 == 0)
		return LLVMFuzzerMutate(data, size, max);
	if (seed / 32768 % 16 == 0)
		return wrap_in_error(data, size, max);
	if (at + len > max)
		return LLVMFuzzerMutate(data, size, max);
	if (size < at + len) {
		memset(data + size, 0, at + len - size);
		size = at + len;
	}
	if (seed % 4 == 1 && size + len <= max) { /* insert, moving what follows */
		memmove(data + at + len, data + at, size - at);
		size += len;
	}
	memcpy(data + at, words[word].bytes, len);
	return size;
}
