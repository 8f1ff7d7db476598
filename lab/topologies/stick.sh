# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# hosts a (VLAN 3) and b (VLAN 4) -- [sw] -- trunk eth1 [mid]; addresses as in bridge

# The switch is four BPF instructions per port, as neither 8021q nor bridge VLAN filtering is on every
# kernel. Host a reaches host b only if the middle turns tag 3 into 4 and back.
topology_up() {
	lab_namespaces a b sw mid && lab_quiet mid && lab_quiet sw || return 1
	lab_wire sw trunk mid eth1 && lab_wire a eth0 sw port3 && lab_wire b eth0 sw port4 || return 1
	lab_host a eth0 1 && lab_host b eth0 2 && lab_receives_redirects sw trunk || return 1
	topology_switch 3 port3 4 port4
}

topology_switch() {
	local trunk one two
	trunk=$(lab_ifindex sw trunk) one=$(lab_ifindex sw "$2") two=$(lab_ifindex sw "$4")
	lab_attach tc sw "$2" access "$1" "$trunk" && lab_attach tc sw "$4" access "$3" "$trunk" || return 1
	lab_attach tc sw trunk trunk "$1=$one,$3=$two"
}
