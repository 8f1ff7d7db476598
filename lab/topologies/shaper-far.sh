# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# as shaper, but with a wire of known delay on either side: c -- [near] -- eth1 [mid] eth2 -- [far] -- i, made by lab/delay

# shellcheck source=lab/subscribers.sh
. "$LAB_ROOT/lab/subscribers.sh"

topology_up() {
	local LAB_QUEUES=${LAB_QUEUES:-4}
	lab_namespaces c near mid far i && lab_quiet near && lab_quiet mid && lab_quiet far || return 1
	lab_wire c eth0 near eth0 && lab_wire near eth1 mid eth1 || return 1
	lab_wire mid eth2 far eth0 && lab_wire far eth1 i eth0 || return 1
	topology_end near eth1 && topology_end far eth0 || return 1
	lab_subscribers c eth0 10 32 && lab_internet i eth0 10 32
}

# What is redirected must be received, yet as it was sent: so not by GRO.
topology_end() {
	lab_attach xdp "$1" "$2" pass && lab_exec "$1" ethtool -K "$2" gro off
}
