interface PasswordFieldProps {
  label: string;
  complete: string;
  value: string;
  onChange: (value: string) => void;
}

export function PasswordField({ label, complete, value, onChange }: PasswordFieldProps) {
  return (
    <label className="field">
      {label}
      <input
        type="password"
        autoComplete={complete}
        required
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  );
}
