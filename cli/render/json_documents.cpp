#include "cli/render/json_documents.hpp"

#include <cmath>
#include <set>

#include <nlohmann/json.hpp>

#include "cli/render/text.hpp"

namespace aimlock::cli {
namespace {

using Json = nlohmann::ordered_json;

/// Bytes that are no UTF-8 (a file name in a finding) become U+FFFD: a document is always valid JSON.
std::string text_of(const Json& document) {
    return document.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json document(const char* status) {
    return Json{{"schema", 1}, {"status", status}};
}

/// Milliseconds and seconds with three digits: enough, and no noise in diffs of documents.
double rounded(double amount) {
    return std::round(amount * 1000.0) / 1000.0;
}

Json package_json(const Package& package) {
    Json json;
    json["kind"] = package.kind == PackageKind::conda ? "conda" : "pypi";
    json["name"] = package.name;
    json["version"] = package.version;
    if (package.kind == PackageKind::conda) json["build"] = package.build;
    json["url"] = package.url;
    json["sha256"] = package.sha256.known() ? Json(package.sha256.hex()) : Json(nullptr);
    json["size"] = package.size_bytes;
    json[package.kind == PackageKind::conda ? "channel" : "index"] = package.origin;
    json["requires"] = package.depends;
    if (!package.extras.empty()) json["extras"] = package.extras;
    if (!package.provides.empty()) json["provides"] = package.provides;
    if (package.direct) json["direct"] = true;
    if (package.artifact != ArtifactKind::wheel) {
        json["built_from"] = word_of(package.artifact);
        json["build_requires"] = package.build_requires;
    }
    return json;
}

Json target_json(const Solution& solution) {
    Json json;
    json["name"] = solution.target.name;
    json["platform"] = solution.target.platform;
    json["virtual_packages"] = Json::array();
    for (const VirtualPackage& fact : solution.target.virtual_packages())
        json["virtual_packages"].push_back(fact.text());
    if (!solution.cuda.driver.empty()) {
        json["cuda"] = {{"driver", solution.cuda.driver}};
        if (solution.cuda.major != 0) json["cuda"]["major"] = solution.cuda.major;
        if (!solution.cuda.gpus.empty()) json["cuda"]["gpus"] = solution.cuda.gpus;
    }
    json["packages"] = Json::array();
    for (const Package& package : solution.packages) json["packages"].push_back(package_json(package));
    if (!solution.notes.empty()) json["notes"] = solution.notes;
    if (!solution.warnings.empty()) json["warnings"] = solution.warnings;
    return json;
}

Json apart_json(std::span<const Apart> apart) {
    Json list = Json::array();
    for (const Apart& entry : apart) {
        Json json;
        json["kind"] = entry.kind == PackageKind::conda ? "conda" : "pypi";
        json["name"] = entry.name;
        for (const auto& [target, version] : entry.versions) json["versions"][target] = version;
        if (!entry.reason.empty()) json["reason"] = entry.reason;
        list.push_back(std::move(json));
    }
    return list;
}

Json conflict_json(const Conflict& conflict) {
    Json json;
    json["target"] = conflict.target.name;
    json["explanation"] = conflict.explanation();
    json["requirements"] = conflict.requirements;
    json["repairs"] = Json::array();
    for (const Repair& repair : conflict.repairs)
        json["repairs"].push_back({{"change", repair.change}, {"verified", repair.verified}});
    return json;
}

Json error_json(const Error& error) {
    Json json;
    json["code"] = error_code_name(error.code);
    json["message"] = redacted(error.message);
    json["file"] = redacted(error.pos.file);
    json["line"] = error.pos.line;
    json["column"] = error.pos.column;
    json["hint"] = redacted(error.hint);
    return json;
}

}  // namespace

std::string solved_document(std::span<const Solution> solutions,
                            std::span<const Apart> apart,
                            double wall_ms) {
    Json json = document("solved");
    json["targets"] = Json::array();
    SolveStats sum;
    for (const Solution& solution : solutions) {
        json["targets"].push_back(target_json(solution));
        sum.rounds += solution.stats.rounds;
        sum.fetched.index_requests += solution.stats.fetched.index_requests;
        sum.fetched.metadata_requests += solution.stats.fetched.metadata_requests;
        sum.fetched.bytes += solution.stats.fetched.bytes;
        sum.metadata_documents += solution.stats.metadata_documents;
        sum.trials += solution.stats.trials;
        sum.trial_rounds += solution.stats.trial_rounds;
        sum.objective_complete = sum.objective_complete && solution.stats.objective_complete;
        sum.solve_ms += solution.stats.solve_ms;
        sum.objective_ms += solution.stats.objective_ms;
    }
    if (!apart.empty()) json["apart"] = apart_json(apart);
    json["stats"] = {{"rounds", sum.rounds},
                     {"index_requests", sum.fetched.index_requests},
                     {"metadata_requests", sum.fetched.metadata_requests},
                     {"metadata_documents", sum.metadata_documents},
                     {"bytes", sum.fetched.bytes},
                     {"solve_ms", rounded(sum.solve_ms)},
                     {"objective_ms", rounded(sum.objective_ms)},
                     {"trials", sum.trials},
                     {"trial_rounds", sum.trial_rounds},
                     {"objective_complete", sum.objective_complete},
                     {"wall_ms", rounded(wall_ms)}};
    return text_of(json);
}

std::string unsatisfiable_document(std::span<const Conflict> conflicts) {
    Json json = document("unsatisfiable");
    json["conflict"] = conflict_json(conflicts.front());
    if (conflicts.size() > 1) {
        for (const Conflict& conflict : conflicts) json["conflicts"].push_back(conflict_json(conflict));
    }
    return text_of(json);
}

std::string error_document(std::span<const Error> errors) {
    Json json = document("error");
    json["error"] = error_json(errors.front());
    if (errors.size() > 1) {
        for (const Error& error : errors) json["errors"].push_back(error_json(error));
    }
    return text_of(json);
}

std::string locked_document(std::span<const std::string> changes) {
    Json json = document(changes.empty() ? "fresh" : "stale");
    json["changes"] = changes;
    return text_of(json);
}

std::string install_document(const InstallReport& report, double seconds) {
    Json json = document(report.edited.empty() ? "installed" : "edited");
    json["packages"] = report.packages;
    json["files"] = report.files;
    json["bytes"] = report.bytes;
    json["seconds"] = rounded(seconds);
    json["from_store"] = report.from_store;
    json["notes"] = report.notes;
    if (!report.edited.empty()) json["edited"] = report.edited;
    return text_of(json);
}

std::string audit_document(std::span<const DriftFinding> findings) {
    bool drift = false;
    Json list = Json::array();
    for (const DriftFinding& finding : findings) {
        drift = drift || is_drift(finding);
        Json json;
        json["kind"] = finding.kind;
        json["level"] = finding_level_name(finding.level);
        json["package"] = finding.package;
        if (finding.path) json["path"] = *finding.path;
        if (finding.layer) json["layer"] = *finding.layer;
        json["cause"] = finding.cause;
        json["help"] = finding.help;
        list.push_back(std::move(json));
    }
    Json json = document(drift ? "drift" : "clean");
    json["findings"] = std::move(list);
    return text_of(json);
}

std::string vendor_document(std::uint64_t packages,
                            std::uint64_t from_store,
                            std::uint64_t bytes,
                            double seconds) {
    Json json = document("vendored");
    json["packages"] = packages;
    json["bytes"] = bytes;
    json["seconds"] = rounded(seconds);
    json["from_store"] = from_store;
    return text_of(json);
}

std::string cache_document(const char* status, const CacheTotals& totals) {
    Json json = document(status);
    json["folder"] = totals.folder;
    json["kinds"] = Json::object();
    std::uint64_t bytes = 0;
    for (const CacheTotals::Kind& kind : totals.kinds) {
        json["kinds"][kind.name] = {{"files", kind.files}, {"bytes", kind.bytes}};
        bytes += kind.bytes;
    }
    json["bytes"] = bytes;
    const std::string_view what = status;
    if (what == "whole" || what == "damaged") json["damaged"] = totals.damaged;
    if (what == "pruned") {
        json["removed"] = totals.removed;
        json["freed_bytes"] = totals.freed_bytes;
    }
    return text_of(json);
}

std::string plan_document(const LayerPlan& plan, const LayerPlan* previous) {
    const std::set<std::string> changed = changed_layers(plan, previous);
    Json json = document("planned");
    json["target"] = plan.target;
    json["layers"] = Json::array();
    for (const Layer& layer : plan.layers) {
        Json packages = Json::array();
        for (const LayerPackage& package : layer.packages) packages.push_back(package.name);
        json["layers"].push_back({{"id", layer.id},
                                  {"packages", packages},
                                  {"download", layer.download_bytes()},
                                  {"changed", changed.contains(layer.id)}});
    }
    return text_of(json);
}

std::string image_document(const LayerPlan& plan,
                           std::span<const std::string> files,
                           std::span<const std::string> warnings) {
    Json json = document("written");
    json["target"] = plan.target;
    json["files"] = files;
    json["layers"] = plan.layers.size();
    json["warnings"] = warnings;
    return text_of(json);
}

std::string oci_document(const std::string& target,
                         const WrittenImage& image,
                         std::span<const std::string> warnings) {
    Json json = document("written");
    json["target"] = target;
    json["digest"] = image.digest;
    json["base_layers"] = image.base_layers;
    json["layers"] = Json::array();
    for (const ImageLayer& layer : image.layers) {
        json["layers"].push_back({{"id", layer.id},
                                  {"digest", "sha256:" + layer.blob.digest.hex()},
                                  {"diff_id", "sha256:" + layer.diff_id.hex()},
                                  {"size", layer.blob.size_bytes},
                                  {"packages", layer.packages}});
    }
    json["bytes"] = image.bytes;
    json["new_bytes"] = image.new_bytes;
    json["reused"] = image.reused;
    json["warnings"] = warnings;
    return text_of(json);
}

std::string push_document(const std::string& reference, const PushedImage& pushed) {
    Json json = document("pushed");
    json["reference"] = reference;
    json["digest"] = pushed.digest;
    json["present"] = pushed.present;
    json["mounted"] = pushed.mounted;
    json["uploaded"] = pushed.uploaded;
    json["bytes"] = pushed.uploaded_bytes;
    return text_of(json);
}

std::string_view finding_level_name(FindingLevel level) {
    switch (level) {
        case FindingLevel::error:
            return "error";
        case FindingLevel::warn:
            return "warn";
        case FindingLevel::note:
            return "note";
    }
    return "error";
}

bool is_drift(const DriftFinding& finding) {
    return finding.level != FindingLevel::note;
}

}  // namespace aimlock::cli
