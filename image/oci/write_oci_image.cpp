// An image written directly:
//
//     plan     what decides each layer's bytes is hashed; layers that lie in the folder stay as they are
//     ground   account and working folder, from what the base has
//     fill     a layer's slice of the lock is replayed into a tree that shares its files with the store
//     compile  its Python, by the interpreter's tree
//     write    tree -> tar -> blocks, compressed by all threads -> blob
//     name     configuration, manifest, index
#include "image/oci/write_oci_image.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "image/lock_slices.hpp"
#include "image/oci/ground_layer.hpp"
#include "image/oci/layer_blobs.hpp"
#include "image/oci/layer_tree.hpp"
#include "image/oci/layout_folder.hpp"

namespace aimlock {
namespace {

namespace fs = std::filesystem;

/// Changes whenever the bytes that a layer becomes change for another reason than those hashed with it.
constexpr std::string_view writer_version = "aimlock layer 1";

unsigned thread_count(const OciSettings& settings) {
    return settings.threads != 0 ? settings.threads : std::max(1U, std::thread::hardware_concurrency());
}

Result<void> check_request(const Lock& lock, const LayerPlan& plan, const OciSettings& settings) {
    if (lock.target(plan.target) == nullptr)
        return fail(ErrorCode::usage, fmt::format("the lock has no target `{}`", plan.target));
    if (!settings.image.apt.empty()) {
        return fail(ErrorCode::refused,
                    "`[image] apt` needs a build: packages of the base are installed by the base",
                    "build the Dockerfile, or give a base that has them");
    }
    return check_image_values(settings.image);
}

class ImageWriter {
public:
    ImageWriter(const Lock& lock,
                const LayerPlan& plan,
                const OciSettings& settings,
                PackageStore& store,
                Progress& progress,
                LayoutFolder& folder)
        : plan_(plan),
          settings_(settings),
          progress_(progress),
          folder_(folder),
          trees_{lock,
                 plan,
                 store,
                 settings.unpacked,
                 folder.scratch(),
                 settings.byte_code,
                 thread_count(settings)},
          pool_(thread_count(settings)),
          made_(plan.layers.size()) {}

    Result<WrittenImage> run() {
        auto done = read_base();
        if (done) done = plan_work();
        if (done) done = write_ground();
        if (done) done = write_layers();
        if (done) done = check_count(written_.base_layers + written_.layers.size());
        if (done) done = copy_base();
        if (done) done = write_documents();
        if (!done) return tl::make_unexpected(done.error());
        return std::move(written_);
    }

private:
    Result<void> read_base() {
        if (settings_.base_layout.empty()) return {};
        std::error_code error;
        const fs::path unpacked = folder_.scratch() / "base";
        fs::create_directories(unpacked, error);
        const std::string reference = base_reference(trees_.lock, settings_.image);
        auto base = open_base({settings_.base_layout, reference, trees_.lock.target(plan_.target)->platform},
                              unpacked);
        if (!base) return tl::make_unexpected(base.error());
        base_ = std::move(*base);
        written_.base_layers = base_->layers.size();
        written_.base_digest = base_->digest;
        return check_count(written_.base_layers + plan_.layers.size() + 1);
    }

    [[nodiscard]] std::string compressor() const { return compressor_version(settings_.compression); }

    /// The digest of all that decides the bytes of a layer.
    [[nodiscard]] std::string inputs_of(const Layer& layer) const {
        const bool compiles = layer_compiles(trees_, layer);
        std::string text = fmt::format("{}\n{}\n{}\n{}\n{}\n", writer_version, compressor(), image_prefix,
                                       settings_.byte_code, settings_.layer_limit_bytes);
        text += write_lock(slice_lock(trees_.lock, plan_, layer));
        if (compiles && layer.id != interpreter_layer)
            text += write_lock(slice_lock(trees_.lock, plan_, *plan_.layer(interpreter_layer)));
        return sha256_of(text).hex();
    }

    [[nodiscard]] std::string ground_inputs() const {
        return sha256_of(fmt::format("{}\n{}\nground\n{}\n{}\n{}", writer_version, compressor(),
                                     settings_.image.user, settings_.image.workdir,
                                     base_ ? base_->config : std::string()))
            .hex();
    }

    Result<void> plan_work() {
        std::set<std::string> wanted{ground_inputs()};
        for (const Layer& layer : plan_.layers) {
            inputs_.push_back(inputs_of(layer));
            wanted.insert(inputs_.back());
        }
        known_ = folder_.reusable(wanted);
        bool compiles = false;
        std::optional<std::size_t> interpreter;
        for (std::size_t i = 0; i < plan_.layers.size(); ++i) {
            if (plan_.layers[i].id == interpreter_layer) interpreter = i;
            if (known_.contains(inputs_[i])) continue;
            work_.push_back(i);
            compiles = compiles || layer_compiles(trees_, plan_.layers[i]);
        }
        // Whoever compiles needs the interpreter's tree, though its blob may be there already.
        std::erase_if(work_, [&](std::size_t i) { return interpreter && i == *interpreter; });
        const bool lacks = interpreter && !known_.contains(inputs_[*interpreter]);
        if (interpreter && (lacks || compiles)) work_.insert(work_.begin(), *interpreter);
        // The biggest first: what starts last should be over soon.
        const auto after = work_.begin() + (interpreter && (lacks || compiles) ? 1 : 0);
        std::stable_sort(after, work_.end(), [&](std::size_t a, std::size_t b) {
            return plan_.layers[a].download_bytes() > plan_.layers[b].download_bytes();
        });
        return {};
    }

    Result<std::vector<ImageLayer>> store_entries(const std::string& id,
                                                  const std::string& inputs,
                                                  const std::vector<LayerEntry>& entries) {
        const auto file = [&](std::size_t part) {
            return folder_.scratch() / fmt::format("{}.{}.blob", id, part);
        };
        const auto blobs =
            write_layer_blobs(entries, settings_.compression, settings_.layer_limit_bytes, pool_, file);
        if (!blobs) return tl::make_unexpected(blobs.error());
        std::vector<ImageLayer> layers;
        for (std::size_t part = 0; part < blobs->size(); ++part) {
            const LayerBlob& blob = (*blobs)[part];
            if (auto taken = folder_.take(file(part), blob.digest); !taken)
                return tl::make_unexpected(taken.error());
            const std::string type = fmt::format("application/vnd.oci.image.layer.v1.tar+{}",
                                                 compression_name(settings_.compression));
            layers.push_back({id, inputs, {type, blob.digest, blob.size_bytes}, blob.diff_id, {}});
        }
        return layers;
    }

    Result<void> write_ground() {
        const std::string inputs = ground_inputs();
        if (const auto known = known_.find(inputs); known != known_.end()) {
            ground_ = known->second;
            written_.reused += ground_.size();
            return {};
        }
        const auto entries = ground_entries(settings_.image, base_ ? &*base_ : nullptr);
        if (!entries) return tl::make_unexpected(entries.error());
        auto layers = store_entries("ground", inputs, *entries);
        if (!layers) return tl::make_unexpected(layers.error());
        ground_ = std::move(*layers);
        for (const ImageLayer& layer : ground_) written_.new_bytes += layer.blob.size_bytes;
        return {};
    }

    /// Waits until the interpreter's tree can be run; false: it will not come.
    bool await_interpreter() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return interpreter_ready_ || !result_; });
        return interpreter_ready_;
    }

    Result<void> fill(const Layer& layer) {
        // One installation after the other: each uses all threads itself.
        const std::lock_guard lock(filling_);
        auto notes = fill_layer_tree(trees_, layer);
        if (!notes) return tl::make_unexpected(notes.error());
        const std::lock_guard adding(mutex_);
        for (std::string& note : *notes) notes_.emplace_back(layer.id, std::move(note));
        return {};
    }

    Result<void> make_layer(std::size_t index) {
        const Layer& layer = plan_.layers[index];
        const bool is_interpreter = layer.id == interpreter_layer;
        auto done = fill(layer);
        if (done && layer_compiles(trees_, layer)) {
            if (!is_interpreter && !await_interpreter()) return {};
            done = compile_layer_tree(trees_, layer);
        }
        if (!done) return done;
        if (is_interpreter) {
            {
                const std::lock_guard lock(mutex_);
                interpreter_ready_ = true;
            }
            changed_.notify_all();
        }
        if (!known_.contains(inputs_[index])) {
            const auto entries = entries_below(trees_.tree(layer.id));
            if (!entries) return tl::make_unexpected(entries.error());
            auto layers = store_entries(layer.id, inputs_[index], *entries);
            if (!layers) return tl::make_unexpected(layers.error());
            made_[index] = std::move(*layers);
        }
        std::error_code ignored;
        if (!is_interpreter) fs::remove_all(trees_.tree(layer.id), ignored);
        return {};
    }

    void work() {
        for (std::size_t at = next_++; at < work_.size(); at = next_++) {
            Result<void> done;
            try {
                done = make_layer(work_[at]);
            } catch (const std::exception& error) {  // memory: the threads must not see it
                done = fail(ErrorCode::io, error.what());
            }
            progress_.advance(plan_.layers[work_[at]].download_bytes());
            if (done) continue;
            {
                const std::lock_guard lock(mutex_);
                if (result_) result_ = std::move(done);
            }
            next_ = work_.size();
            changed_.notify_all();
        }
    }

    Result<void> write_layers() {
        std::uint64_t total = 0;
        for (const std::size_t index : work_) total += plan_.layers[index].download_bytes();
        progress_.begin("layers", total, true);
        {
            std::vector<std::jthread> workers;
            for (unsigned i = 1; i < thread_count(settings_); ++i) workers.emplace_back([this] { work(); });
            work();
        }
        progress_.end();
        if (!result_) return result_;
        written_.layers = ground_;
        for (std::size_t i = 0; i < plan_.layers.size(); ++i) {
            const auto known = known_.find(inputs_[i]);
            const bool reuses = known != known_.end();
            for (ImageLayer layer : reuses ? known->second : made_[i]) {
                layer.id = plan_.layers[i].id;
                for (const LayerPackage& package : plan_.layers[i].packages)
                    layer.packages.push_back(fmt::format("{} {}", package.name, package.version));
                if (reuses) {
                    ++written_.reused;
                } else {
                    written_.new_bytes += layer.blob.size_bytes;
                }
                written_.layers.push_back(std::move(layer));
            }
        }
        std::ranges::sort(notes_);
        for (const auto& [layer, note] : notes_) written_.notes.push_back(fmt::format("{}: {}", layer, note));
        return {};
    }

    [[nodiscard]] Result<void> check_count(std::size_t count) const {
        if (count <= max_image_layers) return {};
        return fail(ErrorCode::refused,
                    fmt::format("the image would have {} layers, {} of the base, and engines mount {}", count,
                                written_.base_layers, max_image_layers),
                    "lower `[image] layers`");
    }

    Result<void> copy_base() {
        if (!base_) return {};
        for (const OciBase::Layer& layer : base_->layers) {
            if (auto copied = folder_.copy(layer.file, layer.blob); !copied) return copied;
        }
        return {};
    }

    Result<void> write_documents() {
        const ImageParts parts{
            trees_.lock, plan_, settings_.image, settings_.name, base_ ? &*base_ : nullptr, written_.layers};
        const auto config = image_config(parts);
        if (!config) return tl::make_unexpected(config.error());
        const std::string manifest = image_manifest(parts, *config);
        std::set<std::string> kept{sha256_of(*config).hex(), sha256_of(manifest).hex()};
        const auto keep = [&](const BlobReference& blob) {
            kept.insert(blob.digest.hex());
            written_.bytes += blob.size_bytes;
        };
        for (const ImageLayer& layer : written_.layers) keep(layer.blob);
        if (base_) {
            for (const OciBase::Layer& layer : base_->layers) keep(layer.blob);
        }
        auto done = folder_.write(*config);
        if (done) done = folder_.write(manifest);
        if (done) done = folder_.finish(image_index(parts, manifest), kept);
        written_.digest = "sha256:" + sha256_of(manifest).hex();
        return done;
    }

    const LayerPlan& plan_;
    const OciSettings& settings_;
    Progress& progress_;
    LayoutFolder& folder_;
    LayerTrees trees_;
    BlockPool pool_;
    std::optional<OciBase> base_;
    std::vector<std::string> inputs_;  // of the plan's layers
    std::map<std::string, std::vector<ImageLayer>> known_;
    std::vector<std::size_t> work_;  // layers to fill, the interpreter first
    std::vector<ImageLayer> ground_;
    std::vector<std::vector<ImageLayer>> made_;
    WrittenImage written_;

    std::atomic<std::size_t> next_{0};
    std::mutex filling_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool interpreter_ready_ = false;
    std::vector<std::pair<std::string, std::string>> notes_;
    Result<void> result_;
};

}  // namespace

Result<WrittenImage> write_oci_image(const Lock& lock,
                                     const LayerPlan& plan,
                                     const OciSettings& settings,
                                     PackageStore& store,
                                     Progress& progress) {
    if (auto valid = check_request(lock, plan, settings); !valid) return tl::make_unexpected(valid.error());
    auto folder = LayoutFolder::open(settings.folder);
    if (!folder) return tl::make_unexpected(folder.error());
    return ImageWriter(lock, plan, settings, store, progress, *folder).run();
}

}  // namespace aimlock
