#include "cli/wiring/image.hpp"

#include <memory>

#include <CLI/CLI.hpp>

namespace aimlock::cli {
namespace {

constexpr const char* footer =
    "Example:\n"
    "  aimlock image && docker build -t aiml-hybrid-gpu .\n"
    "  aimlock image --oci image --base-layout base && podman run oci:image\n"
    "  aimlock image push registry.example/team/image:1.0 --oci image\n"
    "\n"
    "Exit codes: 0 written (push: sent, --plan: shown), 2 could not write or send";

}  // namespace

void add_image(CLI::App& app, Run& chosen) {
    auto* command =
        app.add_subcommand("image", "Write the lock's Dockerfile and what it needs, or the image itself");
    auto flags = std::make_shared<ImageFlags>();
    command->add_option("ACTION", flags->action, "push: send the layout at --oci to REF [write]")
        ->type_name("");
    command->add_option("REF", flags->reference, "HOST/NAME:TAG in a registry")->type_name("");
    command->add_option("--lock", flags->lock, "Lock to make an image of")
        ->type_name("FILE")
        ->capture_default_str();
    command->add_option("--manifest", flags->manifest, "Manifest with [image] [beside the lock]")
        ->type_name("FILE");
    command->add_option("--target", flags->target, "Target of the lock [of the manifest]")->type_name("NAME");
    command->add_option("--base", flags->base, "Image to build on, or none [of the manifest]")
        ->type_name("IMAGE");
    command->add_flag("--plan", flags->plan, "Only show the layers");
    command->add_option("--dialect", flags->dialect, "portable, or classic for builders without BuildKit")
        ->type_name("NAME")
        ->capture_default_str();
    command->add_option("--vendor", flags->vendor, "Pool of `aimlock vendor`, for builds with no network")
        ->type_name("DIR");
    command->add_option("--installer", flags->installer, "Static aimlock that runs in the build [this one]")
        ->type_name("FILE");
    auto* oci =
        command->add_option("--oci", flags->oci, "Write the image itself, as an OCI layout, with no engine")
            ->type_name("DIR");
    command
        ->add_option("--base-layout", flags->base_layout,
                     "With --oci: the base on disk, an OCI layout or a saved image")
        ->type_name("PATH")
        ->needs(oci);
    command->add_option("--compression", flags->compression, "With --oci: gzip, or zstd for newer engines")
        ->type_name("NAME")
        ->capture_default_str()
        ->needs(oci);
    command->add_option("--threads", flags->threads, "With --oci: threads [one per processor]")
        ->type_name("N")
        ->check(CLI::Range(1, 1024).description(""))
        ->needs(oci);
    command->add_option("--mount-from", flags->mount_from, "With push: another repository that has layers")
        ->type_name("NAME");
    command->add_flag("--no-byte-code", flags->no_byte_code, "With --oci: do not compile Python sources")
        ->needs(oci);
    command->add_flag("--force", flags->force, "Replace files that aimlock did not write");
    command->footer(footer);
    command->callback([&chosen, flags] {
        chosen.action = [flags](Console& console) { return write_image(*flags, console); };
    });
}

}  // namespace aimlock::cli
