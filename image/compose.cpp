#include "image/compose.hpp"

#include <fmt/format.h>

#include "image/generated.hpp"
#include "image/quoting.hpp"

namespace aimlock {
namespace {

/// Pinned host memory for transfers to the GPU. Only here: a host may forbid to raise limits.
constexpr std::string_view pinned_memory =
    "    ulimits:\n"
    "      memlock: -1\n";

constexpr std::string_view gpus_long =
    "    deploy:\n"
    "      resources:\n"
    "        reservations:\n"
    "          devices:\n"
    "            - driver: nvidia\n"
    "              count: all\n"
    "              capabilities: [gpu]\n";

std::string service(std::string_view name, const ServiceSettings& settings, std::string_view more) {
    std::string text = fmt::format(
        "  {}:\n"
        "    image: {}\n"
        "    build:\n"
        "      context: .\n"
        "    init: true\n"
        "    shm_size: 8gb\n"
        "    working_dir: {}\n"
        "    volumes:\n"
        "      - {}\n",
        name, compose_quoted(image_name(settings.name)), compose_quoted(settings.image.workdir),
        compose_quoted(".:" + settings.image.workdir));
    if (!settings.ports.empty()) text += "    ports:\n";
    // This machine only: a notebook server is a shell for whoever reaches it.
    for (const unsigned port : settings.ports) text += fmt::format("      - \"127.0.0.1:{0}:{0}\"\n", port);
    return text + std::string(more);
}

}  // namespace

std::string render_compose(const ServiceSettings& settings) {
    const std::string_view gpus = settings.image.compose_gpus ? "    gpus: all\n" : gpus_long;
    return fmt::format("# {}\nservices:\n{}\n{}", generated_marker,
                       service("gpu-dev", settings, std::string(pinned_memory) + std::string(gpus)),
                       service("cpu-dev", settings, ""));
}

std::string image_name(std::string_view workspace) {
    std::string name;
    for (char c : workspace) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (plain) {
            name += c;
        } else if (!name.empty() && name.back() != '-') {
            name += '-';
        }
    }
    while (!name.empty() && name.back() == '-') name.pop_back();
    return name.empty() ? "aimlock-env" : name;
}

}  // namespace aimlock
