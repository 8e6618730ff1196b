# Real libvirt/QEMU hosts on this machine, with six example guests.
.PHONY: lab-hosts lab-hosts-stop

lab-hosts:
	deploy/lab/lab start 3
	deploy/lab/lab example-guests
	deploy/lab/lab status

lab-hosts-stop:
	deploy/lab/lab stop
