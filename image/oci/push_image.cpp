#include "image/oci/push_image.hpp"

#include <algorithm>
#include <atomic>
#include <fstream>
#include <iterator>
#include <mutex>
#include <set>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "fetch/registry/client.hpp"

namespace aimlock {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

/// A layout's image as a push needs it.
struct StoredImage {
    std::string manifest;
    std::string media_type;
    std::string base_name;
    std::vector<RegistryBlob> blobs;  ///< each once, the biggest first
};

tl::unexpected<Error> bad(const fs::path& layout, std::string_view why) {
    return fail(ErrorCode::archive, fmt::format("{} is no OCI layout of one image: {}", layout.string(), why),
                "make it with `aimlock image --oci DIR`");
}

std::string text_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return in ? std::string{std::istreambuf_iterator<char>(in), {}} : std::string();
}

std::string string_at(const Json& json, std::string_view key) {
    const auto found = json.is_object() ? json.find(key) : json.end();
    return json.is_object() && found != json.end() && found->is_string() ? found->get<std::string>()
                                                                         : std::string();
}

Result<RegistryBlob> blob_of(const fs::path& layout, const Json& descriptor) {
    const std::string name = string_at(descriptor, "digest");
    constexpr std::string_view kind = "sha256:";
    const auto digest =
        name.starts_with(kind) ? Sha256::from_hex(std::string_view(name).substr(kind.size())) : std::nullopt;
    if (!digest) return bad(layout, "a descriptor has no sha256");
    RegistryBlob blob{*digest, 0, layout / "blobs/sha256" / digest->hex()};
    std::error_code error;
    blob.size_bytes = fs::file_size(blob.file, error);
    if (error) return bad(layout, fmt::format("blob {} is not there", name));
    return blob;
}

Result<StoredImage> read_image(const fs::path& layout) {
    const Json index = Json::parse(text_of(layout / "index.json"), nullptr, false);
    if (!index.is_object() || !index.contains("manifests") || !index["manifests"].is_array() ||
        index["manifests"].size() != 1)
        return bad(layout, "its index.json does not name one manifest");
    const Json& descriptor = index["manifests"][0];
    const auto manifest = blob_of(layout, descriptor);
    if (!manifest) return tl::make_unexpected(manifest.error());
    StoredImage image;
    image.manifest = text_of(manifest->file);
    image.media_type = string_at(descriptor, "mediaType");
    const Json document = Json::parse(image.manifest, nullptr, false);
    const bool plain = image.media_type == "application/vnd.oci.image.manifest.v1+json" ||
                       image.media_type == "application/vnd.docker.distribution.manifest.v2+json";
    if (sha256_of(image.manifest) != manifest->digest || !document.is_object() || !plain ||
        !document.contains("config") || !document.contains("layers") || !document["layers"].is_array())
        return bad(layout, "its manifest is damaged, or none of an image");
    if (document.contains("annotations"))
        image.base_name = string_at(document["annotations"], "org.opencontainers.image.base.name");
    std::set<Sha256> seen;
    std::vector<Json> descriptors(document["layers"].begin(), document["layers"].end());
    descriptors.push_back(document["config"]);
    for (const Json& named : descriptors) {
        auto blob = blob_of(layout, named);
        if (!blob) return tl::make_unexpected(blob.error());
        if (seen.insert(blob->digest).second) image.blobs.push_back(std::move(*blob));
    }
    std::ranges::stable_sort(image.blobs, std::ranges::greater{}, &RegistryBlob::size_bytes);
    return image;
}

/// Repositories that may hold blobs of the image: those named, and the base's where it is of this registry.
std::vector<std::string> mount_sources(const PushSettings& settings, const std::string& base_name) {
    std::vector<std::string> sources = settings.mount_from;
    const auto base = read_registry_reference(std::string_view(base_name).substr(0, base_name.find('@')));
    if (base && base->host == settings.reference.host) sources.push_back(base->repository);
    std::erase(sources, settings.reference.repository);
    std::vector<std::string> once;
    for (std::string& source : sources) {
        if (std::ranges::find(once, source) == once.end()) once.push_back(std::move(source));
    }
    return once;
}

class Push {
public:
    Push(const StoredImage& image, const RegistryOptions& options, Progress& progress)
        : image_(image), options_(options), progress_(progress) {}

    Result<PushedImage> run(unsigned connections) {
        std::uint64_t total = 0;
        for (const RegistryBlob& blob : image_.blobs) total += blob.size_bytes;
        progress_.begin("blobs", total, true);
        {
            std::vector<std::jthread> workers;
            const auto count = std::min<std::size_t>(std::max(1U, connections), image_.blobs.size());
            for (std::size_t i = 1; i < count; ++i) workers.emplace_back([this] { work(); });
            work();
        }
        progress_.end();
        if (!result_) return tl::make_unexpected(result_.error());
        auto client = RegistryClient::create(options_, authorization_);
        if (!client) return tl::make_unexpected(client.error());
        if (auto put = client->put_manifest(image_.media_type, image_.manifest); !put)
            return tl::make_unexpected(put.error());
        pushed_.digest = "sha256:" + sha256_of(image_.manifest).hex();
        return pushed_;
    }

private:
    void work() {
        auto client = RegistryClient::create(options_, authorization_);
        if (!client) return stop(client.error());
        for (std::size_t at = next_++; at < image_.blobs.size(); at = next_++) {
            const RegistryBlob& blob = image_.blobs[at];
            const auto outcome = client->put_blob(blob);
            progress_.advance(blob.size_bytes);
            if (!outcome) return stop(outcome.error());
            const std::lock_guard lock(mutex_);
            if (*outcome == BlobOutcome::present) ++pushed_.present;
            if (*outcome == BlobOutcome::mounted) ++pushed_.mounted;
            if (*outcome != BlobOutcome::uploaded) continue;
            ++pushed_.uploaded;
            pushed_.uploaded_bytes += blob.size_bytes;
        }
    }

    void stop(const Error& error) {
        next_ = image_.blobs.size();
        const std::lock_guard lock(mutex_);
        if (result_) result_ = tl::make_unexpected(error);
    }

    const StoredImage& image_;
    const RegistryOptions& options_;
    Progress& progress_;
    std::shared_ptr<Authorization> authorization_ = std::make_shared<Authorization>();
    std::atomic<std::size_t> next_{0};
    std::mutex mutex_;
    Result<void> result_;
    PushedImage pushed_;
};

}  // namespace

Result<PushedImage> push_image(const PushSettings& settings, Progress& progress) {
    const auto image = read_image(settings.layout);
    if (!image) return tl::make_unexpected(image.error());
    for (const std::string& source : settings.mount_from) {
        if (!is_repository(source))
            return fail(ErrorCode::usage, fmt::format("`{}` is no repository", source), "write team/image");
    }
    RegistryOptions options;
    options.reference = settings.reference;
    options.mount_from = mount_sources(settings, image->base_name);
    options.environment = settings.environment;
    return Push(*image, options, progress).run(settings.connections);
}

}  // namespace aimlock
