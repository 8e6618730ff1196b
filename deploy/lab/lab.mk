# Real libvirt/QEMU hosts on this machine. Included by the Makefile, whose build target and SERVER it uses.
LAB_FOLDER := $(or $(RUNBOOKS_LAB),$(CURDIR)/var/lab)
LAB_SERVER := $(CURDIR)/var/lab-server

.PHONY: lab lab-stop lab-hosts lab-hosts-stop demo

# Three hosts, six guests, and the server in the foreground. Nothing is scheduled: here you start the runbooks.
# Ctrl-C stops the server, and the hosts stay until 'make lab-stop'.
lab: build lab-hosts
	@deploy/lab/what-to-try
	@exec dotnet $(SERVER) --Data=$(LAB_SERVER) --Fleet:Name=Lab --Fleet:Driver=libvirt --Fleet:File=$(LAB_FOLDER)/fleet.json \
		--Workflows:Folder=$(CURDIR)/workflows --Schedules:0:enabled=false $(ARGS)

lab-stop: lab-hosts-stop

# Two Xen machines and one libvirt host, each with a guest, and the server. The image of the machines is built once.
.PHONY: lab-xen lab-xen-hosts
lab-xen: build lab-xen-hosts
	@deploy/lab/xen/what-to-try
	@exec dotnet $(SERVER) --Data=$(LAB_SERVER)-xen --Fleet:Name=Xen --Fleet:Driver=libvirt --Fleet:File=$(LAB_FOLDER)/fleet.json \
		--Workflows:Folder=$(CURDIR)/workflows --Schedules:0:enabled=false $(ARGS)

lab-xen-hosts:
	@deploy/lab/lab start 1 2
	@deploy/lab/xen/example-guests
	@deploy/lab/lab status

lab-hosts:
	@deploy/lab/lab start 3
	@deploy/lab/lab example-guests
	@deploy/lab/lab status

lab-hosts-stop:
	@deploy/lab/lab stop

# Only the demo's line of JSON goes to stdout.
demo:
	@$(MAKE) --no-print-directory build >&2
	@deploy/demo/run $(SERVER)
