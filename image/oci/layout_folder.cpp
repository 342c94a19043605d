#include "image/oci/layout_folder.hpp"

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "fetch/archive/mapped_file.hpp"
#include "fetch/atomic_file.hpp"
#include "image/generated.hpp"

namespace aimlock {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view scratch_start = ".aimlock-work-";
constexpr std::string_view layout_text = R"({"imageLayoutVersion":"1.0.0"})";

tl::unexpected<Error> failed(std::string_view doing, const fs::path& path, const std::error_code& error) {
    return fail(ErrorCode::io, fmt::format("cannot {} {}: {}", doing, path.string(), error.message()));
}

std::string text_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return in ? std::string{std::istreambuf_iterator<char>(in), {}} : std::string();
}

bool is_scratch(const std::string& name) {
    return name.starts_with(scratch_start) && name.size() == scratch_start.size() + 6;
}

/// Ours, or nobody's.
Result<void> check_folder(const fs::path& folder) {
    std::error_code error;
    if (fs::exists(folder / "index.json", error)) {
        if (auto ours = check_replaceable(folder / "index.json"); !ours) {
            ours.error().hint = "name another folder, or remove that one";
            return ours;
        }
        return {};
    }
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        const std::string name = entry.path().filename().string();
        if (name == "blobs" || name == "oci-layout" || is_scratch(name)) continue;
        return fail(ErrorCode::refused,
                    fmt::format("{} is not empty, and aimlock did not make it", folder.string()),
                    "name another folder, or remove that one");
    }
    if (error) return failed("read", folder, error);
    return {};
}

/// What killed runs left.
Result<void> clear_leftovers(const fs::path& folder) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        if (!is_scratch(entry.path().filename().string())) continue;
        fs::remove_all(entry.path(), error);
        if (error) return failed("remove", entry.path(), error);
    }
    return {};
}

bool is_whole(const fs::path& file, const BlobReference& blob) {
    std::error_code error;
    if (fs::file_size(file, error) != blob.size_bytes || error) return false;
    const auto bytes = MappedFile::open(file);
    return bytes && sha256_of(bytes->bytes()) == blob.digest;
}

/// The digest of a descriptor, as hexadecimal digits; empty: none.
std::string digest_at(const nlohmann::json& document, const nlohmann::json::json_pointer& place) {
    if (!document.is_object() || !document.contains(place) || !document[place].is_string()) return {};
    const auto text = document[place].get<std::string>();
    constexpr std::string_view kind = "sha256:";
    return text.starts_with(kind) && Sha256::from_hex(std::string_view(text).substr(kind.size()))
               ? text.substr(kind.size())
               : std::string();
}

}  // namespace

LayoutFolder::LayoutFolder(fs::path folder, fs::path scratch, FileLock lock)
    : folder_(std::move(folder)), scratch_(std::move(scratch)), lock_(std::move(lock)) {}

LayoutFolder::LayoutFolder(LayoutFolder&& other) noexcept
    : folder_(std::move(other.folder_)),
      scratch_(std::exchange(other.scratch_, {})),
      lock_(std::move(other.lock_)) {}

LayoutFolder::~LayoutFolder() {
    std::error_code ignored;
    if (!scratch_.empty()) fs::remove_all(scratch_, ignored);
}

Result<LayoutFolder> LayoutFolder::open(const fs::path& given) {
    std::error_code error;
    fs::path folder = fs::absolute(given, error).lexically_normal();
    if (!folder.has_filename()) folder = folder.parent_path();
    if (error || given.empty() || !folder.has_relative_path())
        return fail(ErrorCode::usage, "the layout's folder has no name");
    fs::create_directories(folder, error);
    if (error) return failed("create", folder, error);
    auto lock =
        FileLock::acquire(folder.parent_path() / fmt::format(".{}.aimlock-lock", folder.filename().string()));
    if (!lock) return tl::make_unexpected(lock.error());
    auto ready = check_folder(folder);
    if (ready) ready = clear_leftovers(folder);
    if (!ready) return tl::make_unexpected(ready.error());
    fs::create_directories(folder / "blobs/sha256", error);
    if (error) return failed("create", folder / "blobs", error);
    std::string scratch = (folder / fmt::format("{}XXXXXX", scratch_start)).string();
    if (::mkdtemp(scratch.data()) == nullptr)
        return failed("create", scratch, std::error_code(errno, std::generic_category()));
    return LayoutFolder(std::move(folder), std::move(scratch), std::move(*lock));
}

fs::path LayoutFolder::blob(const Sha256& digest) const {
    return folder_ / "blobs/sha256" / digest.hex();
}

std::map<std::string, std::vector<ImageLayer>> LayoutFolder::reusable(
    const std::set<std::string>& wanted) const {
    using Json = nlohmann::json;
    const Json index = Json::parse(text_of(folder_ / "index.json"), nullptr, false);
    const std::string manifest_name = digest_at(index, "/manifests/0/digest"_json_pointer);
    if (manifest_name.empty()) return {};
    const std::string manifest = text_of(folder_ / "blobs/sha256" / manifest_name);
    const std::string config_name =
        digest_at(Json::parse(manifest, nullptr, false), "/config/digest"_json_pointer);
    if (config_name.empty()) return {};
    const std::string config = text_of(folder_ / "blobs/sha256" / config_name);
    // The diff ids are in the configuration alone: both documents must be what their names say.
    if (sha256_of(manifest).hex() != manifest_name || sha256_of(config).hex() != config_name) return {};
    auto known = known_layers(manifest, config);
    std::erase_if(known, [&](const auto& entry) {
        if (!wanted.contains(entry.first)) return true;
        for (const ImageLayer& layer : entry.second) {
            if (!is_whole(blob(layer.blob.digest), layer.blob)) return true;
        }
        return false;
    });
    return known;
}

Result<void> LayoutFolder::take(const fs::path& file, const Sha256& digest) const {
    std::error_code error;
    fs::rename(file, blob(digest), error);
    if (error) return failed("write", blob(digest), error);
    return {};
}

Result<void> LayoutFolder::write(const std::string& bytes) const {
    return write_file_atomically(blob(sha256_of(bytes)), bytes);
}

Result<void> LayoutFolder::copy(const fs::path& file, const BlobReference& wanted) const {
    if (is_whole(blob(wanted.digest), wanted)) return {};
    const auto bytes = MappedFile::open(file);
    if (!bytes) return tl::make_unexpected(bytes.error());
    auto out = AtomicFile::create(blob(wanted.digest));
    if (!out) return tl::make_unexpected(out.error());
    Sha256Stream digest;
    constexpr std::size_t piece = std::size_t{1} << 20U;
    for (std::string_view rest = bytes->bytes(); !rest.empty();
         rest.remove_prefix(std::min(piece, rest.size()))) {
        digest.update(rest.substr(0, piece));
        if (auto written = out->write(rest.substr(0, piece)); !written) return written;
    }
    if (digest.finish() != wanted.digest) {
        return fail(ErrorCode::integrity,
                    fmt::format("{} is damaged: it has another digest than its name", file.string()));
    }
    return out->commit();
}

Result<void> LayoutFolder::finish(const std::string& index, const std::set<std::string>& kept) const {
    auto written = write_file_atomically(folder_ / "oci-layout", layout_text);
    if (written) written = write_file_atomically(folder_ / "index.json", index);
    if (!written) return written;
    std::error_code error;
    std::vector<fs::path> stale;
    for (const auto& entry : fs::directory_iterator(folder_ / "blobs/sha256", error)) {
        if (!kept.contains(entry.path().filename().string())) stale.push_back(entry.path());
    }
    // The new image is complete: an old blob that stays is a waste of space, no failure.
    for (const fs::path& blob : stale) fs::remove(blob, error);
    return {};
}

}  // namespace aimlock
