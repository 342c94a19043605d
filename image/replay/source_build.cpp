// Sources become wheels before anything is installed:
//
//     consent    every package that would be built is one that may be
//     archives   brought as any other, hashes checked
//     order      what a build needs comes before it
//     each       an environment of what is there by now -> one confined process -> a wheel, checked
//
// The wheels then take part in the installation as if the lock had named them.
#include "image/replay/source_build.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "fetch/environment.hpp"
#include "image/replay/build_order.hpp"
#include "image/replay/build_program.hpp"
#include "image/replay/built_wheel.hpp"
#include "image/replay/confined_run.hpp"
#include "image/replay/fill_tree.hpp"
#include "image/replay/staged_tree.hpp"
#include "image/replay/unpack_sources.hpp"
#include "lock/manifest/source_project.hpp"

namespace aimlock {
namespace {

namespace fs = std::filesystem;

std::string called(const Package& package) {
    return package.name + " " + package.version;
}

Result<void> check_consent(const std::vector<const Package*>& sources, const BuildConsent& consent) {
    std::string refused;
    std::string names;
    for (const Package* package : sources) {
        if (consent.covers(package->name)) continue;
        refused += (refused.empty() ? "" : ", ") + called(*package);
        names += (names.empty() ? "" : ",") + package->name;
    }
    if (refused.empty()) return {};
    return fail(ErrorCode::refused,
                "building from source runs the packages' own code, and nobody allowed it for " + refused,
                "Allow it with `--allow-sdist=" + names + "`: each is built without network.");
}

/// The end of what a build printed, for the error that follows from it.
std::string last_lines(const fs::path& output) {
    constexpr std::size_t most_bytes = 1500;
    const std::string text = read_whole_file(output).value_or(std::string());
    if (text.size() <= most_bytes) return text;
    const std::size_t line = text.find('\n', text.size() - most_bytes);
    return text.substr(line == std::string::npos ? text.size() - most_bytes : line + 1);
}

/// The folder of an environment that a build sees.
struct BuildEnvironment {
    std::unique_ptr<StagingFolder> folder;
    PrefixLayout layout;
    std::set<const Package*> built;  ///< those of its packages that were built
};

class Builder {
public:
    Builder(std::span<const Package* const> packages,
            const SourceBuilding& building,
            PackageStore& archives,
            Progress& progress,
            std::vector<std::string>& notes)
        : packages_(packages), building_(building), archives_(archives), progress_(progress), notes_(notes) {}

    Result<BuiltWheels> run() {
        std::vector<const Package*> sources;
        std::ranges::copy_if(packages_, std::back_inserter(sources),
                             [](const Package* p) { return p->artifact != ArtifactKind::wheel; });
        if (sources.empty()) return BuiltWheels{};
        if (auto may = check_consent(sources, building_.consent); !may)
            return tl::make_unexpected(may.error());
        if (auto brought = bring(sources); !brought) return tl::make_unexpected(brought.error());
        auto work = StagingFolder::create(building_.destination);
        if (!work) return tl::make_unexpected(work.error());
        built_.folder = std::make_unique<StagingFolder>(std::move(*work));
        for (const Package* package : build_order(packages_)) {
            auto wheel = build(*package);
            if (!wheel) {
                Error error = std::move(wheel.error());
                error.message = "building " + called(*package) + ": " + error.message;
                return tl::make_unexpected(std::move(error));
            }
            built_.files.emplace(package, std::move(*wheel));
            notes_.push_back(called(*package) + ": built from source");
        }
        return std::move(built_);
    }

private:
    Result<void> bring(const std::vector<const Package*>& sources) {
        std::mutex mutex;
        const auto keep = [&](std::size_t index, const fs::path& archive) -> Result<void> {
            const std::lock_guard lock(mutex);
            archive_of_[sources[index]] = archive;
            return {};
        };
        return archives_.provide(sources, keep, progress_);
    }

    /// An environment of all that is no source and of what was built so far. The last one does where nothing
    /// is missing from it that this build needs.
    Result<void> prepare_environment(const Package& package) {
        const std::set<std::string> needed = needed_to_build(package, packages_);
        const bool lacks = !environment_ || std::ranges::any_of(built_.files, [&](const auto& wheel) {
            return needed.contains(wheel.first->name) && !environment_->built.contains(wheel.first);
        });
        if (!lacks) return {};
        environment_.reset();
        std::vector<const Package*> there;
        BuildEnvironment environment;
        for (const Package* one : packages_) {
            const bool is_built = built_.files.contains(one);
            if (is_built) environment.built.insert(one);
            if (is_built || one->artifact == ArtifactKind::wheel) there.push_back(one);
        }
        auto folder = StagingFolder::create(building_.destination);
        if (!folder) return tl::make_unexpected(folder.error());
        environment.layout = building_.layout;
        // What is not confined finds the environment where it lies, and could write to it: nothing is shared.
        FillOptions filling{building_.unpacked, building_.verify, building_.threads, &built_.files};
        if (building_.consent.unconfined) {
            environment.layout.prefix = folder->path().string();
            filling.unpacked.clear();
        }
        std::vector<std::string> names;
        for (const Package* one : there) names.push_back(called(*one));
        auto tree = StagedTree::open(folder->path(), names);
        if (!tree) return tl::make_unexpected(tree.error());
        auto filled = fill_tree(there, names, environment.layout, filling, archives_, *tree, progress_);
        if (!filled) return tl::make_unexpected(filled.error());
        const auto settled =
            tree->settle([](const auto&, auto, auto) -> std::optional<bool> { return std::nullopt; });
        if (!settled) return tl::make_unexpected(settled.error());
        environment.folder = std::make_unique<StagingFolder>(std::move(*folder));
        environment_ = std::move(environment);
        return {};
    }

    Result<fs::path> build(const Package& package) {
        if (auto ready = prepare_environment(package); !ready) return tl::make_unexpected(ready.error());
        std::error_code error;
        if (!fs::exists(environment_->folder->path() / "bin/python", error))
            return fail(ErrorCode::refused, "the environment has no Python of its own to build with",
                        "Add `python` to the conda requirements.");
        const fs::path work = built_.folder->path() / std::to_string(built_.files.size());
        for (const char* name : {"", "sources", "out", "home", "tmp"})
            fs::create_directory(work / name, error);
        if (error)
            return fail(ErrorCode::io, fmt::format("cannot create {}: {}", work.string(), error.message()));
        const auto project = unpack_sources(archive_of_.at(&package), package.subdirectory, work / "sources");
        if (!project) return tl::make_unexpected(project.error());
        const auto said = read_source_project(
            read_whole_file(*project / "pyproject.toml").value_or(std::string()), "pyproject.toml");
        if (!said) return tl::make_unexpected(said.error());
        progress_.status("building " + called(package));
        const auto status = run_build(work, *project, *said);
        if (!status) return tl::make_unexpected(status.error());
        auto wheel = outcome(work, *status);
        if (!wheel) return wheel;
        auto checked = check_built_wheel(*wheel, package, *building_.target, building_.layout);
        if (!checked) return tl::make_unexpected(checked.error());
        return wheel;
    }

    Result<int> run_build(const fs::path& work, const fs::path& project, const SourceProject& said) {
        const bool confined = !building_.consent.unconfined;
        const std::string prefix = environment_->layout.prefix;
        ConfinedProgram program;
        program.words = {prefix + "/bin/python",
                         "-s",
                         "-c",
                         build_program,
                         project.string(),
                         (work / "out").string(),
                         (work / "report").string(),
                         said.build_backend};
        for (const std::string& path : said.backend_path) program.words.push_back(path);
        program.variables = variables(work, prefix);
        program.folder = work;
        program.writable = work;
        program.output = work / "printed";
        program.confined = confined;
        if (!confined) return run_confined(program);
        program.shown = environment_->folder->path();
        program.shown_at = building_.destination;
        // The environment is seen where it will be; for that something must be there.
        std::error_code error;
        const bool made = fs::create_directory(building_.destination, error);
        auto status = run_confined(program);
        if (made) fs::remove(building_.destination, error);
        if (!status && status.error().code == ErrorCode::refused)
            status.error().hint =
                "Give `--build-unconfined` where you trust the packages' code with this machine.";
        return status;
    }

    /// All that a build knows of the world.
    [[nodiscard]] std::vector<std::string> variables(const fs::path& work, const std::string& prefix) const {
        std::vector<std::string> all{
            "PATH=" + prefix + "/bin:/usr/local/bin:/usr/bin:/bin",
            "HOME=" + (work / "home").string(),
            "TMPDIR=" + (work / "tmp").string(),
            "LC_ALL=C.UTF-8",
            "CONDA_PREFIX=" + prefix,
            "PYTHONHASHSEED=0",
            "PYTHONNOUSERSITE=1",
            "PYTHONDONTWRITEBYTECODE=1",
            "PIP_NO_INDEX=1",
            "SOURCE_DATE_EPOCH=315532800"};  // 1980: the first time that a ZIP can hold
        const fs::path folder = environment_->folder->path();
        std::error_code error;
        const auto where_there = [&](const char* file, const char* variable, const std::string& value) {
            if (fs::exists(folder / file, error)) all.push_back(std::string(variable) + "=" + value);
        };
        // What conda's activation would say; and the GPUs that the target is for, which this machine need not
        // have.
        where_there("bin/nvcc", "CUDA_HOME", prefix);
        where_there("bin/x86_64-conda-linux-gnu-cc", "CC", prefix + "/bin/x86_64-conda-linux-gnu-cc");
        where_there("bin/x86_64-conda-linux-gnu-c++", "CXX", prefix + "/bin/x86_64-conda-linux-gnu-c++");
        if (!building_.target->cuda_arch.empty())
            all.push_back(
                fmt::format("TORCH_CUDA_ARCH_LIST={}", fmt::join(building_.target->cuda_arch, ";")));
        return all;
    }

    /// The wheel, or why there is none.
    Result<fs::path> outcome(const fs::path& work, int status) const {
        const auto report =
            nlohmann::json::parse(read_whole_file(work / "report").value_or(std::string()), nullptr, false);
        const auto text = [&](const char* key) {
            return report.is_object() && report.contains(key) && report[key].is_string()
                       ? report[key].get<std::string>()
                       : std::string();
        };
        if (report.is_object() && report.contains("missing")) {
            return fail(ErrorCode::refused,
                        "its backend asks for more than its sources say: " + report["missing"].dump(),
                        "Add it to [pypi-dependencies] and solve again.");
        }
        if (const std::string backend = text("backend"); !backend.empty())
            return fail(ErrorCode::refused, fmt::format("its backend `{}` is not to be had:\n{}", backend,
                                                        last_lines(work / "printed")));
        const std::string name = text("wheel");
        if (status != 0 || name.empty() || name.find('/') != std::string::npos) {
            return fail(ErrorCode::refused,
                        fmt::format("it ended with status {}:\n{}", status, last_lines(work / "printed")));
        }
        return work / "out" / name;
    }

    std::span<const Package* const> packages_;
    const SourceBuilding& building_;
    PackageStore& archives_;
    Progress& progress_;
    std::vector<std::string>& notes_;
    std::map<const Package*, fs::path> archive_of_;
    std::optional<BuildEnvironment> environment_;
    BuiltWheels built_;
};

}  // namespace

bool BuildConsent::covers(const std::string& name) const {
    return all || std::ranges::find(names, name) != names.end();
}

Result<BuiltWheels> build_sources(std::span<const Package* const> packages,
                                  const SourceBuilding& building,
                                  PackageStore& archives,
                                  Progress& progress,
                                  std::vector<std::string>& notes) {
    return Builder(packages, building, archives, progress, notes).run();
}

}  // namespace aimlock
