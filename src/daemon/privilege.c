/* SPDX-License-Identifier: GPL-2.0-only */
#include "daemon/privilege.h"

#include <cap-ng.h>
#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>

/* Older headers stop at CAP_AUDIT_READ. */
#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#endif
#ifndef CAP_BPF
#define CAP_BPF 39
#endif

static const unsigned kept[] = { CAP_NET_ADMIN, CAP_NET_RAW, CAP_BPF, CAP_PERFMON };

static bool kernel_knows(unsigned capability)
{
	return prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0;
}

/* Only what we have can be kept: a service manager may have given less. */
static bool have(unsigned capability)
{
	return capng_have_capability(CAPNG_PERMITTED, capability) == 1;
}

void privilege_forgo_files(void)
{
	if (capng_get_caps_process())
		return;
	(void)capng_update(CAPNG_DROP, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_DAC_OVERRIDE);
	(void)capng_update(CAPNG_DROP, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_DAC_READ_SEARCH);
	(void)capng_apply(CAPNG_SELECT_CAPS);
}

int privilege_drop(struct diag *d)
{
	bool keep[ARRAY_LEN(kept)], old_kernel = !kernel_knows(CAP_BPF);

	if (capng_get_caps_process())
		return -errno;
	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		keep[i] = kernel_knows(kept[i]) && have(kept[i]);
	old_kernel = old_kernel && have(CAP_SYS_ADMIN);
	capng_clear(CAPNG_SELECT_BOTH);
	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		if (keep[i])
			(void)capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, kept[i]);
	if (old_kernel)
		(void)capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_SYS_ADMIN);
	if (capng_apply(CAPNG_SELECT_CAPS)) {
		(void)diag_warning(d, NULL, "cannot drop capabilities: %s", strerror(errno));
		return -EPERM;
	}
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return 0;
}
