#include "cli/render/doctor_report.hpp"

#include <algorithm>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "cli/render/text.hpp"

namespace aimlock::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string_view level_name(CheckLevel level) {
    switch (level) {
        case CheckLevel::ok:
            return "ok";
        case CheckLevel::note:
            return "note";
        case CheckLevel::warn:
            return "warn";
        case CheckLevel::error:
            return "error";
        case CheckLevel::unproven:
            return "unproven";
    }
    return "error";
}

std::string painted(CheckLevel level, const Painter& paint) {
    const std::string word = padded_right(level_name(level), 8);
    if (level == CheckLevel::ok) return paint.good(word);
    if (level == CheckLevel::error) return paint.error(word);
    return level == CheckLevel::note ? word : paint.warning(word);
}

/// A text that is null where it is not known.
Json known(const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(text);
}

Json gpu_json(const DriverGpu& gpu) {
    Json json{{"name", gpu.name},
              {"capability", fmt::format("{}.{}", gpu.major, gpu.minor)},
              {"memory", gpu.memory_bytes},
              {"proven", gpu.proven}};
    if (!gpu.fault.empty()) json["error"] = gpu.fault;
    return json;
}

Json host_json(const GpuHost& host) {
    Json json{{"kernel", host.kernel},
              {"system", known(host.system)},
              {"wsl", host.wsl},
              {"container", known(host.container)},
              {"engine", known(host.engine)},
              {"toolkit", known(host.toolkit)}};
    json["nodes"] = Json::array();
    for (const GpuNode& node : host.nodes) json["nodes"].push_back(node.path);
    json["libraries"] = Json::array();
    for (const CudaLibrary& library : host.libraries)
        json["libraries"].push_back({{"path", library.path}, {"version", known(library.version)}});
    return json;
}

}  // namespace

std::string_view doctor_status(std::span<const GpuCheck> checks) {
    const auto any = [&](CheckLevel level) {
        return std::ranges::find(checks, level, &GpuCheck::level) != checks.end();
    };
    if (any(CheckLevel::error)) return "faults";
    return any(CheckLevel::unproven) ? "unproven" : "ready";
}

std::string doctor_report(std::span<const GpuCheck> checks, const Painter& paint, std::size_t columns) {
    constexpr std::size_t indent = 17;
    std::string out;
    const GpuCheck* helped = nullptr;
    for (const GpuCheck& check : checks) {
        const std::string message = escaped(check.message);
        out += fmt::format("{} {} {}\n", painted(check.level, paint), padded_right(check.name, 7),
                           columns > indent ? wrapped(message, columns - indent, indent) : message);
        // The help of an error before that of a warning, and of each the first.
        if (!check.help.empty() && (helped == nullptr || helped->level < check.level)) helped = &check;
    }
    if (helped != nullptr) {
        const std::string help = escaped(helped->help);
        out += paint.help("help:") + " " + (columns > indent ? wrapped(help, columns - 6, 6) : help) + "\n";
    }
    return out;
}

std::string doctor_document(const GpuHost& host,
                            const DriverAnswer& driver,
                            std::span<const GpuCheck> checks) {
    Json json{{"schema", 1}, {"status", doctor_status(checks)}, {"host", host_json(host)}};
    json["driver"] = {{"library", known(driver.library)},
                      {"cuda", known(driver.cuda_text())},
                      {"release", known(driver.release)},
                      {"module", known(host.module_version)}};
    json["gpus"] = Json::array();
    for (const DriverGpu& gpu : driver.gpus) json["gpus"].push_back(gpu_json(gpu));
    json["checks"] = Json::array();
    for (const GpuCheck& check : checks) {
        Json entry{{"name", check.name}, {"level", level_name(check.level)}};
        if (!check.fault.empty()) entry["fault"] = check.fault;
        entry["message"] = check.message;
        if (!check.help.empty()) entry["help"] = check.help;
        json["checks"].push_back(std::move(entry));
    }
    return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace aimlock::cli
