#include "cli/wiring/image.hpp"

#include <memory>

#include <CLI/CLI.hpp>

namespace aimlock::cli {
namespace {

constexpr const char* footer =
    "Example:\n"
    "  aimlock image && docker build -t aiml-hybrid-gpu .\n"
    "\n"
    "Exit codes: 0 written (--plan: shown), 2 could not write";

}  // namespace

void add_image(CLI::App& app, Run& chosen) {
    auto* command =
        app.add_subcommand("image", "Write the lock's Dockerfile, compose.yaml and what they need");
    auto flags = std::make_shared<ImageFlags>();
    command->add_option("--lock", flags->lock, "Lock to make an image of")
        ->type_name("FILE")
        ->capture_default_str();
    command->add_option("--manifest", flags->manifest, "Manifest with [image] [beside the lock]")
        ->type_name("FILE");
    command->add_option("--target", flags->target, "Target of the lock [of the manifest]")->type_name("NAME");
    command->add_option("--base", flags->base, "Image to build on [of the manifest]")->type_name("IMAGE");
    command->add_flag("--plan", flags->plan, "Only show the layers");
    command->add_option("--dialect", flags->dialect, "portable, or classic for builders without BuildKit")
        ->type_name("NAME")
        ->capture_default_str();
    command->add_option("--vendor", flags->vendor, "Pool of `aimlock vendor`, for builds with no network")
        ->type_name("DIR");
    command->add_option("--installer", flags->installer, "Static aimlock that runs in the build [this one]")
        ->type_name("FILE");
    command->add_flag("--force", flags->force, "Replace files that aimlock did not write");
    command->footer(footer);
    command->callback([&chosen, flags] {
        chosen.action = [flags](Console& console) { return write_image(*flags, console); };
    });
}

}  // namespace aimlock::cli
