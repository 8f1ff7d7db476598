# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# subscribers c (VLAN 3) and internet i (VLAN 4) -- [sw] -- trunk eth1 [mid]; addresses as in shaper

# shellcheck source=lab/subscribers.sh
. "$LAB_ROOT/lab/subscribers.sh"

# The switch is that of topology stick: c reaches i only if the middle turns tag 3 into 4 and back.
topology_up() {
	local LAB_QUEUES=${LAB_QUEUES:-4} trunk one two
	lab_namespaces c i sw mid && lab_quiet mid && lab_quiet sw || return 1
	lab_wire sw trunk mid eth1 && lab_wire c eth0 sw port3 && lab_wire i eth0 sw port4 || return 1
	lab_subscribers c eth0 10 32 && lab_internet i eth0 10 32 && lab_receives_redirects sw trunk || return 1
	trunk=$(lab_ifindex sw trunk) one=$(lab_ifindex sw port3) two=$(lab_ifindex sw port4)
	lab_attach tc sw port3 access 3 "$trunk" && lab_attach tc sw port4 access 4 "$trunk" || return 1
	lab_attach tc sw trunk trunk "3=$one,4=$two"
}
