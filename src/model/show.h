/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Words of a file inside our messages: short, and without bytes that would drive a terminal.
 */
#pragma once

struct shown {
	char text[96];
};

/* The text as it is, cut after some 40 characters, control characters as \x1b. */
struct shown text_shown(const char *text);
/* The same between single quotes. */
struct shown text_quoted(const char *text);
