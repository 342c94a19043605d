#include "image/oci/oci_base.hpp"

#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "fetch/archive/entry_path.hpp"
#include "fetch/archive/mapped_file.hpp"

namespace aimlock {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::string_view ref_name = "org.opencontainers.image.ref.name";
constexpr std::uint64_t most_document_bytes = 16U << 20U;
constexpr std::uint64_t most_archive_bytes = std::uint64_t{200} << 30U;

tl::unexpected<Error> bad(const fs::path& place, std::string_view why) {
    return fail(
        ErrorCode::archive, fmt::format("{} is no image that can be built on: {}", place.string(), why),
        "give an OCI layout (`skopeo copy docker://IMAGE oci:DIR:TAG`) or an archive of `docker save`");
}

Result<Json> read_json(const fs::path& file) {
    std::error_code error;
    if (fs::file_size(file, error) > most_document_bytes || error) return bad(file, "it cannot be read");
    std::ifstream in(file, std::ios::binary);
    Json json = Json::parse(std::string{std::istreambuf_iterator<char>(in), {}}, nullptr, false);
    if (json.is_discarded() || !(json.is_object() || json.is_array())) return bad(file, "it is not JSON");
    return json;
}

std::string text_at(const Json& json, std::string_view key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<Sha256> digest_of(const std::string& text) {
    constexpr std::string_view kind = "sha256:";
    if (!text.starts_with(kind)) return std::nullopt;
    return Sha256::from_hex(std::string_view(text).substr(kind.size()));
}

fs::path blob_path(const fs::path& layout, const Sha256& digest) {
    return layout / "blobs/sha256" / digest.hex();
}

/// A document of a layout, its digest checked.
Result<Json> read_blob(const fs::path& layout, const Json& descriptor) {
    const auto digest = digest_of(text_at(descriptor, "digest"));
    if (!digest) return bad(layout, "a descriptor has no sha256");
    const fs::path file = blob_path(layout, *digest);
    std::error_code error;
    if (fs::file_size(file, error) > most_document_bytes || error)
        return bad(layout, fmt::format("its blob sha256:{} cannot be read", digest->hex()));
    const auto bytes = MappedFile::open(file);
    if (!bytes) return tl::make_unexpected(bytes.error());
    if (sha256_of(bytes->bytes()) != *digest)
        return fail(ErrorCode::integrity, fmt::format("{} is damaged: blob sha256:{} has another digest",
                                                      layout.string(), digest->hex()));
    Json json = Json::parse(bytes->bytes(), nullptr, false);
    if (!json.is_object()) return bad(layout, "a document is not JSON");
    return json;
}

/// The pinned digest of "name:tag@sha256:…"; empty: none.
std::string pinned_digest(const std::string& reference) {
    const std::size_t at = reference.find('@');
    return at == std::string::npos ? std::string() : reference.substr(at + 1);
}

bool is_for(const Json& descriptor, const OciPlatform& platform) {
    const auto found = descriptor.find("platform");
    if (found == descriptor.end() || !found->is_object()) return true;
    const std::string variant = text_at(*found, "variant");
    return text_at(*found, "architecture") == platform.architecture && text_at(*found, "os") == "linux" &&
           (variant.empty() || platform.variant.empty() || variant == platform.variant);
}

bool is_index(const Json& document) {
    return document.contains("manifests");
}

/// The tag, or the whole name, that a reference is stored under.
bool is_named(const Json& descriptor, const std::string& reference) {
    if (!descriptor.contains("annotations") || !descriptor["annotations"].is_object()) return false;
    const std::string name = text_at(descriptor["annotations"], ref_name);
    if (name.empty()) return false;
    const std::string plain = reference.substr(0, reference.find('@'));
    const std::size_t colon = plain.rfind(':');
    const bool tagged = colon != std::string::npos && plain.find('/', colon) == std::string::npos;
    return name == plain || name == (tagged ? plain.substr(colon + 1) : "latest") ||
           name.ends_with("/" + plain);
}

/// The descriptor that `choice` means among those of an index.
Result<Json> choose(const Json& index, const BaseChoice& choice, const OciPlatform& platform) {
    std::vector<Json> fitting;
    for (const Json& descriptor : index["manifests"]) {
        if (descriptor.is_object() && is_for(descriptor, platform)) fitting.push_back(descriptor);
    }
    if (fitting.empty())
        return bad(choice.place, fmt::format("it holds no image for linux/{}", platform.architecture));
    if (const std::string pinned = pinned_digest(choice.reference); !pinned.empty()) {
        for (const Json& descriptor : fitting) {
            if (text_at(descriptor, "digest") == pinned) return descriptor;
        }
    }
    if (fitting.size() == 1) return fitting.front();
    std::optional<Json> named;
    for (const Json& descriptor : fitting) {
        if (!is_named(descriptor, choice.reference)) continue;
        if (named) return bad(choice.place, fmt::format("it holds `{}` twice", choice.reference));
        named = descriptor;
    }
    if (named) return *named;
    return bad(choice.place, fmt::format("it holds {} images, and none is called `{}`", fitting.size(),
                                         shown_name(choice.reference)));
}

Result<void> add_layers(OciBase& base, const fs::path& layout, const Json& manifest, const Json& config) {
    const Json ids = config.value("/rootfs/diff_ids"_json_pointer, Json::array());
    const Json blobs = manifest.value("layers", Json::array());
    if (!ids.is_array() || !blobs.is_array() || ids.size() != blobs.size())
        return bad(layout, "its layers and its diff ids are not as many");
    for (std::size_t i = 0; i < blobs.size(); ++i) {
        const auto digest = digest_of(text_at(blobs[i], "digest"));
        const auto diff_id = ids[i].is_string() ? digest_of(ids[i].get<std::string>()) : std::nullopt;
        const std::string type = layer_media_type(text_at(blobs[i], "mediaType"));
        if (!digest || !diff_id) return bad(layout, "a layer has no sha256");
        if (type.empty())
            return bad(layout, fmt::format("a layer is of the kind `{}`",
                                           shown_name(text_at(blobs[i], "mediaType"))));
        std::error_code error;
        const fs::path file = blob_path(layout, *digest);
        const std::uint64_t size = fs::file_size(file, error);
        if (error) return bad(layout, fmt::format("its layer sha256:{} is not there", digest->hex()));
        base.layers.push_back({{type, *digest, size}, *diff_id, file});
    }
    return {};
}

Result<OciBase> read_layout(const fs::path& layout, const BaseChoice& choice, const OciPlatform& platform) {
    const auto index = read_json(layout / "index.json");
    if (!index) return tl::make_unexpected(index.error());
    if (!is_index(*index)) return bad(choice.place, "its index.json names no manifests");
    auto descriptor = choose(*index, choice, platform);
    if (!descriptor) return tl::make_unexpected(descriptor.error());
    const std::string outer = text_at(*descriptor, "digest");
    auto manifest = read_blob(layout, *descriptor);
    if (manifest && is_index(*manifest)) {
        descriptor = choose(*manifest, choice, platform);
        if (!descriptor) return tl::make_unexpected(descriptor.error());
        manifest = read_blob(layout, *descriptor);
    }
    if (!manifest) return tl::make_unexpected(manifest.error());
    OciBase base;
    base.digest = text_at(*descriptor, "digest");
    // A pin may be of the image for one platform or of the index of all.
    const std::string pinned = pinned_digest(choice.reference);
    if (!pinned.empty() && pinned != base.digest && pinned != outer) {
        return fail(ErrorCode::integrity,
                    fmt::format("{} holds {}, and the base is pinned to {}", choice.place.string(),
                                base.digest, pinned),
                    "fetch the pinned image, or change `base` and run `aimlock solve`");
    }
    const auto config = read_blob(layout, manifest->value("config", Json::object()));
    if (!config) return tl::make_unexpected(config.error());
    base.config = config->dump();
    if (auto added = add_layers(base, layout, *manifest, *config); !added)
        return tl::make_unexpected(added.error());
    return base;
}

/// `docker save` of the old form: manifest.json, plain tars.
Result<OciBase> read_docker_archive(const fs::path& folder, const BaseChoice& choice) {
    const auto list = read_json(folder / "manifest.json");
    if (!list) return bad(choice.place, "it holds neither index.json nor manifest.json");
    if (!list->is_array() || list->size() != 1) return bad(choice.place, "it does not hold one image");
    if (!pinned_digest(choice.reference).empty())
        return bad(choice.place, "the base is pinned by digest, and such an archive has none");
    const Json& image = list->front();
    const auto config_path = safe_entry_path(text_at(image, "Config"));
    if (!config_path) return tl::make_unexpected(config_path.error());
    const auto config = read_json(folder / *config_path);
    if (!config) return tl::make_unexpected(config.error());
    const Json ids = config->value("/rootfs/diff_ids"_json_pointer, Json::array());
    const Json names = image.value("Layers", Json::array());
    if (ids.size() != names.size()) return bad(choice.place, "its layers and its diff ids are not as many");
    OciBase base;
    base.config = config->dump();
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto path = safe_entry_path(names[i].is_string() ? names[i].get<std::string>() : std::string());
        if (!path) return tl::make_unexpected(path.error());
        const auto bytes = MappedFile::open(folder / *path);
        if (!bytes) return tl::make_unexpected(bytes.error());
        const Sha256 digest = sha256_of(bytes->bytes());
        if (ids[i] != "sha256:" + digest.hex())
            return fail(ErrorCode::integrity, fmt::format("{} is damaged: {}", choice.place.string(), *path));
        base.layers.push_back({{"application/vnd.oci.image.layer.v1.tar", digest, bytes->bytes().size()},
                               digest,
                               folder / *path});
    }
    return base;
}

}  // namespace

std::string layer_media_type(const std::string& given) {
    const std::string oci = "application/vnd.oci.image.layer.v1.tar";
    if (given == oci || given == oci + "+gzip" || given == oci + "+zstd") return given;
    const std::string docker = "application/vnd.docker.image.rootfs.diff.tar";
    if (given == docker + ".gzip") return oci + "+gzip";
    if (given == docker + ".zstd") return oci + "+zstd";
    return given == docker ? oci : std::string();
}

Result<OciPlatform> oci_platform(const std::string& platform) {
    if (platform == "linux-64") return OciPlatform{"amd64", {}};
    if (platform == "linux-aarch64") return OciPlatform{"arm64", "v8"};
    if (platform == "linux-ppc64le") return OciPlatform{"ppc64le", {}};
    if (platform == "linux-s390x") return OciPlatform{"s390x", {}};
    if (platform == "linux-32") return OciPlatform{"386", {}};
    return fail(ErrorCode::target, fmt::format("no container runs the platform {}", platform));
}

Result<OciBase> open_base(const BaseChoice& choice, const fs::path& scratch) {
    const auto platform = oci_platform(choice.platform);
    if (!platform) return tl::make_unexpected(platform.error());
    std::error_code error;
    fs::path folder = choice.place;
    if (!fs::exists(folder, error))
        return fail(ErrorCode::not_found, fmt::format("there is no {}", choice.place.string()));
    if (!fs::is_directory(folder, error)) {
        if (auto done = unpack_saved_image(choice.place, scratch, most_archive_bytes); !done)
            return tl::make_unexpected(done.error());
        folder = scratch;
    }
    const bool is_layout = fs::exists(folder / "index.json", error);
    auto base = is_layout ? read_layout(folder, choice, *platform) : read_docker_archive(folder, choice);
    if (!base) return base;
    const Json config = Json::parse(base->config);
    if (text_at(config, "architecture") != platform->architecture || text_at(config, "os") != "linux") {
        return fail(ErrorCode::target,
                    fmt::format("{} is an image for {}/{}, the target's platform is {}",
                                choice.place.string(), shown_name(text_at(config, "os")),
                                shown_name(text_at(config, "architecture")), choice.platform));
    }
    base->name = choice.reference.substr(0, choice.reference.find('@'));
    return base;
}

Result<void> look_up_in_base(const OciBase& base, RootLookup& lookup) {
    for (auto layer = base.layers.rbegin(); layer != base.layers.rend(); ++layer) {
        bool open = false;
        for (const auto& [path, known] : lookup) open = open || !known;
        if (!open) return {};
        if (auto done = look_up_in_layer(layer->file, lookup); !done) return done;
    }
    return {};
}

}  // namespace aimlock
