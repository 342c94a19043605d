#include "solver/model/name_map.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "solver/spec/package_name.hpp"
#include "solver/version/ascii.hpp"

namespace aimlock {
namespace {

struct Trap {
    std::string_view conda;
    std::string_view pypi;  ///< empty: it carries no distribution, whatever PyPI has under its name
};

// Conda names that do not carry the PyPI project of the same name. Two kinds: a distribution under another
// name, and a library or program whose name an unrelated (or merely bundling) PyPI project has.
constexpr std::array traps{
    Trap{"antlr-python-runtime", "antlr4-python3-runtime"},
    Trap{"blosc", ""},
    Trap{"boost", ""},
    Trap{"brotli", ""},
    Trap{"brotli-python", "brotli"},
    Trap{"cmake", ""},
    Trap{"cudatoolkit", ""},
    Trap{"cudnn", ""},
    Trap{"cupy-core", "cupy"},
    Trap{"dask-core", "dask"},
    Trap{"docker-py", "docker"},
    Trap{"fastapi-core", "fastapi"},
    Trap{"ffmpeg", ""},
    Trap{"flatbuffers", ""},
    Trap{"geopandas-base", "geopandas"},
    Trap{"git", ""},
    Trap{"graphviz", ""},
    Trap{"h2o-py", "h2o"},
    Trap{"hdf5", ""},
    Trap{"jupyterhub-base", "jupyterhub"},
    Trap{"libopencv", ""},
    Trap{"matplotlib-base", "matplotlib"},
    Trap{"mne-base", "mne"},
    Trap{"msgpack-python", "msgpack"},
    Trap{"mujoco-python", "mujoco"},
    Trap{"nbconvert-core", "nbconvert"},
    Trap{"nccl", ""},
    Trap{"ninja", ""},
    Trap{"nodejs", ""},
    Trap{"opencv", ""},
    Trap{"openssl", ""},
    Trap{"pandera-base", "pandera"},
    Trap{"polars-default", "polars"},
    Trap{"py-lief", "lief"},
    Trap{"py-opencv", "opencv-python"},
    Trap{"py-xgboost", "xgboost"},
    Trap{"pyarrow-core", "pyarrow"},
    Trap{"pyqt", "pyqt5"},
    Trap{"pytables", "tables"},
    Trap{"python", ""},
    Trap{"python-blosc", "blosc"},
    Trap{"python-build", "build"},
    Trap{"python-duckdb", "duckdb"},
    Trap{"python-flatbuffers", "flatbuffers"},
    Trap{"python-graphviz", "graphviz"},
    Trap{"python-installer", "installer"},
    Trap{"python-kaleido", "kaleido"},
    Trap{"python-kubernetes", "kubernetes"},
    Trap{"python-libarchive-c", "libarchive-c"},
    Trap{"python-lsp-server-base", "python-lsp-server"},
    Trap{"python-snappy", "python-snappy"},
    Trap{"python-tzdata", "tzdata"},
    Trap{"python-xxhash", "xxhash"},
    Trap{"python_abi", ""},
    Trap{"pytorch", "torch"},
    Trap{"pytorch-cpu", ""},
    Trap{"pytorch-cuda", ""},
    Trap{"pytorch-gpu", ""},
    Trap{"pytorch-mutex", ""},
    Trap{"qtconsole-base", "qtconsole"},
    Trap{"quaternion", "numpy-quaternion"},
    Trap{"ray-core", "ray"},
    Trap{"ruamel_yaml", ""},
    Trap{"seaborn-base", "seaborn"},
    Trap{"sentencepiece-python", "sentencepiece"},
    Trap{"snakemake-minimal", "snakemake"},
    Trap{"snappy", ""},
    Trap{"tensorflow-base", "tensorflow"},
    Trap{"tensorflow-cpu", ""},
    Trap{"tensorflow-gpu", ""},
    Trap{"torchtriton", "triton"},
    Trap{"typing_extensions", "typing-extensions"},
    Trap{"tzdata", ""},
    Trap{"vtk-base", "vtk"},
    Trap{"zstd", ""},
};

static_assert(std::ranges::is_sorted(traps, {}, &Trap::conda), "trap_of searches by halves");

const Trap* trap_of(std::string_view conda_name) {
    const auto* found = std::ranges::lower_bound(traps, conda_name, {}, &Trap::conda);
    return found != traps.end() && found->conda == conda_name ? found : nullptr;
}

SourcePos position_of(std::string_view text, std::size_t byte, const std::string& file) {
    const std::string_view before = text.substr(0, byte);
    const std::size_t line_begin = before.rfind('\n') + 1;  // 0 where there is none
    return {file, static_cast<std::uint32_t>(std::ranges::count(before, '\n') + 1),
            static_cast<std::uint32_t>(before.size() - line_begin + 1)};
}

/// A name, a list of names or null, normalised; nullopt for anything else.
std::optional<std::vector<std::string>> names_in(const nlohmann::json& value) {
    if (value.is_null()) return std::vector<std::string>{};
    if (value.is_string()) return std::vector{normalize_pypi_name(value.get_ref<const std::string&>())};
    if (!value.is_array()) return std::nullopt;
    std::vector<std::string> names;
    for (const nlohmann::json& name : value) {
        if (!name.is_string()) return std::nullopt;
        names.push_back(normalize_pypi_name(name.get_ref<const std::string&>()));
    }
    return names;
}

}  // namespace

Result<NameMap> NameMap::parse(std::string_view json, const std::string& origin) {
    static constexpr const char* hint = "write {\"conda name\": [\"PyPI name\", …], …}";
    nlohmann::json document;
    try {
        document = nlohmann::json::parse(json);
    } catch (const nlohmann::json::parse_error& error) {
        const std::size_t byte = std::min(error.byte == 0 ? 0 : error.byte - 1, json.size());
        return fail_at(ErrorCode::syntax, "the name map is not JSON", position_of(json, byte, origin), hint);
    }
    const SourcePos whole{origin, 1, 1};
    if (!document.is_object())
        return fail_at(ErrorCode::syntax, "the name map is not a JSON object", whole, hint);
    NameMap map;
    map.built_in_ = false;
    map.digest_ = sha256_of(json);
    for (const auto& [conda_name, value] : document.items()) {
        auto names = names_in(value);
        if (!names)
            return fail_at(ErrorCode::syntax, "`" + conda_name + "` is not mapped to names", whole, hint);
        for (const std::string& name : *names) map.conda_of_[name].push_back(conda_name);
        map.pypi_of_[conda_name] = *std::move(names);
    }
    for (const Trap& trap : traps) {
        if (!trap.pypi.empty() && !map.pypi_of_.contains(trap.conda)) {
            map.conda_of_[std::string(trap.pypi)].emplace_back(trap.conda);
        }
    }
    return map;
}

NameMap NameMap::built_in() {
    NameMap map;
    map.digest_ = sha256_of({});
    for (const Trap& trap : traps) {
        if (!trap.pypi.empty()) map.conda_of_[std::string(trap.pypi)].emplace_back(trap.conda);
    }
    return map;
}

std::vector<std::string> NameMap::pypi_names(std::string_view conda_name) const {
    if (const auto found = pypi_of_.find(conda_name); found != pypi_of_.end()) return found->second;
    if (const Trap* trap = trap_of(conda_name)) {
        return trap->pypi.empty() ? std::vector<std::string>{} : std::vector{std::string(trap->pypi)};
    }
    if (!built_in_ || conda_name.starts_with("__")) return {};
    return {normalize_pypi_name(conda_name)};
}

std::vector<std::string> NameMap::conda_names(std::string_view pypi_name) const {
    std::vector<std::string> names;
    if (const auto found = conda_of_.find(pypi_name); found != conda_of_.end()) names = found->second;
    std::ranges::sort(names);
    return names;
}

}  // namespace aimlock
