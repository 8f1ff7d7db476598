/* SPDX-License-Identifier: GPL-2.0-only */
/* Random test frames, the same ones in every run. */
#pragma once

#include "pipe/parse_build.h"

static uint64_t random_state;

static inline uint32_t random_below(uint32_t n)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(random_state >> 33) % n;
}

static inline void random_spec(struct build *b)
{
	static const uint8_t protos[] = { 6, 6, 6, 17, 1, 58, 47 };
	static const uint8_t kinds[] = { 0, 43, 51, 60, 135 };

	*b = (struct build){ .tags = (int)random_below(6),
			     .labels = (int)random_below(12),
			     .family = random_below(2) ? 4 : 6,
			     .exts = (int)random_below(7),
			     .frag = (enum build_frag)random_below(4),
			     .proto = protos[random_below(sizeof(protos))],
			     .opt = (enum build_opt)random_below(OPT_BAD_LEN + 1),
			     .payload = (int)random_below(60),
			     .padding = (int)random_below(20) };
	b->tags %= 5;
	b->pppoe = b->labels == 11;
	b->labels = b->labels > 5 ? 0 : b->labels;
	b->ihl = 5 + (int)random_below(11) * (int)random_below(2);
	for (int i = 0; i < 5; i++)
		b->tci[i] = (uint16_t)random_below(65536);
	for (int i = 0; i < 6; i++)
		b->ext[i] = kinds[random_below(sizeof(kinds))];
	b->behind = (int)random_below((uint32_t)b->exts + 1) * (int)random_below(2);
}

/* Two frames of three are a packet, one is an error about another. */
static inline size_t random_good_frame(uint8_t *frame)
{
	static const uint8_t types[] = { 1, 2, 3, 4, 5, 8, 11, 12, 127, 128 };
	struct build b, inner;
	struct parse_view v;

	random_spec(&b);
	if (random_below(3))
		return build_frame(frame, &b, &v);
	random_spec(&inner);
	if (random_below(8))
		inner.family = b.family;
	return build_error(frame, b, types[random_below(sizeof(types))], &inner,
			   random_below(4) ? BUILD_MAX : random_below(120), &v);
}

/* A good frame with some bytes changed, or cut; now and then only noise. */
static inline size_t random_frame(uint8_t *frame)
{
	static const uint8_t telling[] = { 0, 1, 6, 8, 10, 17, 43, 44, 51, 60, 0x45, 0x60, 0x81, 255 };
	size_t len = random_good_frame(frame);

	if (!random_below(16))
		for (size_t i = 12; i < len; i++)
			frame[i] = (uint8_t)random_below(256);
	for (uint32_t i = random_below(6); i; i--)
		frame[12 + random_below((uint32_t)len - 12)] =
			random_below(2) ? telling[random_below(sizeof(telling))] :
					  (uint8_t)random_below(256);
	return random_below(3) ? len : random_below((uint32_t)len + 1);
}
