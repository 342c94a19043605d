#include "image/oci/image_config.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "image/generated.hpp"

namespace aimlock {
namespace {

using Json = nlohmann::json;  // keys are sorted

/// fixed_times.hpp, in words.
constexpr std::string_view created = "1980-01-01T00:00:00Z";
constexpr std::string_view layer_key = "io.aimlock.layer";
constexpr std::string_view inputs_key = "io.aimlock.inputs";
constexpr std::string_view packages_key = "io.aimlock.packages";
constexpr std::string_view manifest_type = "application/vnd.oci.image.manifest.v1+json";
constexpr std::string_view config_type = "application/vnd.oci.image.config.v1+json";
constexpr std::string_view index_type = "application/vnd.oci.image.index.v1+json";
constexpr std::int64_t second = 1'000'000'000;

std::string text_of(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string named(const Sha256& digest) {
    return "sha256:" + digest.hex();
}

Json descriptor(std::string_view type, const Sha256& digest, std::uint64_t size) {
    return {{"mediaType", type}, {"digest", named(digest)}, {"size", size}};
}

Json object_at(const Json& json, std::string_view key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_object() ? *found : Json::object();
}

Json array_at(const Json& json, std::string_view key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_array() ? *found : Json::array();
}

std::string string_at(const Json& json, std::string_view key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// Sets `name` in a list of "NAME=value": in its place where it is there, else at the end.
void set_variable(Json& list, const std::string& name, const std::string& value) {
    for (Json& line : list) {
        if (line.is_string() && line.get<std::string>().starts_with(name + "=")) {
            line = name + "=" + value;
            return;
        }
    }
    list.push_back(name + "=" + value);
}

std::string search_path(const Json& list) {
    for (const Json& line : list) {
        if (line.is_string() && line.get<std::string>().starts_with("PATH="))
            return line.get<std::string>().substr(5);
    }
    return std::string(default_search_path);
}

Json environment(const ImageParts& parts, Json list) {
    std::map<std::string, std::string> values = image_environment(parts.lock, parts.plan, parts.image);
    if (!values.contains("PATH")) {
        const std::string inherited = search_path(list);
        set_variable(list, "PATH",
                     fmt::format("{}/bin:{}", image_prefix,
                                 inherited.empty() ? std::string(default_search_path) : inherited));
    }
    for (const auto& [name, value] : values) set_variable(list, name, value);
    return list;
}

/// What a container is started with: the base's settings, ours over them.
Json settings(const ImageParts& parts, const Json& base) {
    Json out = base;
    out.erase("OnBuild");  // was meant for builds, and this is none
    out["Env"] = environment(parts, array_at(base, "Env"));
    out["Cmd"] = image_command(parts.lock, parts.plan, parts.image);
    out["User"] = parts.image.user;
    out["WorkingDir"] = parts.image.workdir;
    Json labels = object_at(base, "Labels");
    for (const auto& [name, value] : image_labels(parts.lock, parts.plan, parts.image, parts.name))
        labels[name] = value;
    out["Labels"] = std::move(labels);
    Json ports = object_at(base, "ExposedPorts");
    for (const unsigned port : image_ports(parts.lock, parts.plan, parts.image))
        ports[fmt::format("{}/tcp", port)] = Json::object();
    if (!ports.empty()) out["ExposedPorts"] = std::move(ports);
    if (!parts.image.healthcheck.empty()) {
        // Docker's own field; others read past it.
        Json test = Json::array({"CMD"});
        for (const std::string& word : parts.image.healthcheck) test.push_back(word);
        out["Healthcheck"] = {{"Test", test},
                              {"Interval", 30 * second},
                              {"Timeout", 10 * second},
                              {"StartPeriod", 60 * second}};
    }
    return out;
}

std::string told(const ImageLayer& layer) {
    if (layer.packages.empty()) return fmt::format("aimlock image --oci: {}", layer.id);
    return fmt::format("aimlock image --oci: {} ({} package{})", layer.id, layer.packages.size(),
                       layer.packages.size() == 1 ? "" : "s");
}

Json annotations_of(const ImageLayer& layer) {
    Json notes{{layer_key, layer.id}, {inputs_key, layer.inputs}};
    if (!layer.packages.empty())
        notes[std::string(packages_key)] = fmt::format("{}", fmt::join(layer.packages, ", "));
    return notes;
}

}  // namespace

Result<std::string> image_config(const ImageParts& parts) {
    const auto platform = oci_platform(parts.lock.target(parts.plan.target)->platform);
    if (!platform) return tl::make_unexpected(platform.error());
    const Json base =
        parts.base == nullptr ? Json::object() : Json::parse(parts.base->config, nullptr, false);
    Json config;
    config["created"] = created;
    config["architecture"] = platform->architecture;
    if (!platform->variant.empty()) config["variant"] = platform->variant;
    if (const std::string variant = string_at(base, "variant"); !variant.empty()) config["variant"] = variant;
    config["os"] = "linux";
    config["config"] = settings(parts, object_at(base, "config"));
    config["history"] = array_at(base, "history");
    Json ids = Json::array();
    if (parts.base != nullptr) {
        for (const OciBase::Layer& layer : parts.base->layers) ids.push_back(named(layer.diff_id));
    }
    for (const ImageLayer& layer : parts.layers) {
        ids.push_back(named(layer.diff_id));
        config["history"].push_back({{"created", created}, {"created_by", told(layer)}});
    }
    config["rootfs"] = {{"type", "layers"}, {"diff_ids", ids}};
    return text_of(config);
}

std::string image_manifest(const ImageParts& parts, const std::string& config) {
    Json manifest{{"schemaVersion", 2}, {"mediaType", manifest_type}};
    manifest["config"] = descriptor(config_type, sha256_of(config), config.size());
    manifest["layers"] = Json::array();
    if (parts.base != nullptr) {
        for (const OciBase::Layer& layer : parts.base->layers) {
            manifest["layers"].push_back(
                descriptor(layer.blob.media_type, layer.blob.digest, layer.blob.size_bytes));
        }
    }
    for (const ImageLayer& layer : parts.layers) {
        Json entry = descriptor(layer.blob.media_type, layer.blob.digest, layer.blob.size_bytes);
        entry["annotations"] = annotations_of(layer);
        manifest["layers"].push_back(std::move(entry));
    }
    Json notes{{"org.opencontainers.image.created", created}};
    for (const auto& [name, value] : image_labels(parts.lock, parts.plan, parts.image, parts.name))
        notes[name] = value;
    if (parts.base != nullptr && !parts.base->digest.empty())
        notes["org.opencontainers.image.base.digest"] = parts.base->digest;
    if (const std::string cuda = required_cuda(parts.lock, *parts.lock.target(parts.plan.target));
        !cuda.empty())
        notes["io.aimlock.cuda"] = cuda;
    manifest["annotations"] = std::move(notes);
    return text_of(manifest);
}

std::string image_index(const ImageParts& parts, const std::string& manifest) {
    Json entry = descriptor(manifest_type, sha256_of(manifest), manifest.size());
    entry["annotations"] = {{"org.opencontainers.image.ref.name", "latest"}};
    const auto platform = oci_platform(parts.lock.target(parts.plan.target)->platform);
    entry["platform"] = {{"os", "linux"}, {"architecture", platform ? platform->architecture : ""}};
    if (platform && !platform->variant.empty()) entry["platform"]["variant"] = platform->variant;
    return text_of({{"annotations", {{"io.aimlock.note", generated_marker}}},
                    {"schemaVersion", 2},
                    {"mediaType", index_type},
                    {"manifests", Json::array({entry})}});
}

std::map<std::string, std::vector<ImageLayer>> known_layers(const std::string& manifest_text,
                                                            const std::string& config_text) {
    std::map<std::string, std::vector<ImageLayer>> known;
    const Json manifest = Json::parse(manifest_text, nullptr, false);
    const Json config = Json::parse(config_text, nullptr, false);
    if (!manifest.is_object() || !config.is_object()) return known;
    const Json layers = array_at(manifest, "layers");
    const Json ids = array_at(object_at(config, "rootfs"), "diff_ids");
    if (layers.size() != ids.size()) return known;
    for (std::size_t i = 0; i < layers.size(); ++i) {
        const Json notes = object_at(layers[i], "annotations");
        const std::string inputs = string_at(notes, inputs_key);
        const std::string digest = string_at(layers[i], "digest");
        const std::string diff_id = ids[i].is_string() ? ids[i].get<std::string>() : std::string();
        constexpr std::size_t kind = std::string_view("sha256:").size();
        if (inputs.empty() || digest.size() <= kind || diff_id.size() <= kind) continue;
        const auto blob = Sha256::from_hex(std::string_view(digest).substr(kind));
        const auto tar = Sha256::from_hex(std::string_view(diff_id).substr(kind));
        const auto size = layers[i].find("size");
        if (!blob || !tar || size == layers[i].end() || !size->is_number_unsigned()) continue;
        known[inputs].push_back({string_at(notes, layer_key),
                                 inputs,
                                 {string_at(layers[i], "mediaType"), *blob, size->get<std::uint64_t>()},
                                 *tar,
                                 {}});
    }
    return known;
}

}  // namespace aimlock
